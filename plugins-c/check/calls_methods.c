/* calls_methods.c - a sound plugin with a kind and one fault in its method, selected by TRIP. */
#include "tenon.h"

#define TRIP_METHODS         1 /* returns a status that does not exist */
#define TRIP_RECORD_LENGTH   2 /* reads a record without checking its length */
#define TRIP_METHODS_SUCCEED 3 /* correct, but its second method needs a record that is not all zeros */

#if TRIP == TRIP_METHODS_SUCCEED
TENON_KIND(trip_1, tenon_method twice; tenon_method four;);

/* Accepts only four bytes of one. */
static tenon_status four(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint32_t number = 0;
  if (in_len == sizeof number) memcpy(&number, in, sizeof number);
  if (number != 0x01010101) return tenon_fail(out, TENON_INVALID, "expected four ones");
  return tenon_write(out, &number, sizeof number);
}

#else
TENON_KIND(trip_1, tenon_method twice;);
#endif

static tenon_status twice(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in_len;
#if TRIP == TRIP_METHODS
  (void)in, (void)out;
  return 42;
#elif TRIP == TRIP_METHODS_SUCCEED
  return tenon_write(out, in, in_len);
#else
  uint64_t number = 0;
  if (in == NULL) return tenon_fail(out, TENON_INVALID, "the record is missing");
  for (size_t i = 0; i < sizeof number; i++) number |= (uint64_t)((const volatile uint8_t *)in)[i] << 8 * i;
  number *= 2;
  return tenon_write(out, &number, sizeof number);
#endif
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}

static const void *extension(const char *id) {
#if TRIP == TRIP_METHODS_SUCCEED
  static const trip_1 table = {TENON_KIND_HEADER(trip_1), twice, four};
#else
  static const trip_1 table = {TENON_KIND_HEADER(trip_1), twice};
#endif
  return strcmp(id, "trip/1") == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "trip/1.0.0", 0, tenon_new_nothing, tenon_drop_nothing, call,
                  extension);
