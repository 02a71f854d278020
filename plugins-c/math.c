/* math - a typed plugin: the minimum of two integers, by the kind of tenon_math.h.
 *
 * Bytes in, bytes out is all that the ABI knows. A kind agrees on what the bytes are: here two structs, so
 * that neither side parses anything. `something` does nothing, because this plugin has only typed methods. */
#include "tenon_math.h"

static tenon_status math_min(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  math_min_in arguments;
  /* The length is all that can be wrong with a struct of integers, and it has to be looked at. */
  if (in_len != sizeof arguments) return tenon_fail(out, TENON_INVALID, "min: expected a record of 8 bytes");
  memcpy(&arguments, in, sizeof arguments); /* `in` need not be aligned */
  math_min_out found = {arguments.a < arguments.b ? arguments.a : arguments.b};
  return tenon_write(out, &found, sizeof found);
}

static tenon_status math_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "math has only the methods of its kind " TENON_MATH_KIND);
}

/* A host asks with the major version in the id: a plugin can offer several majors of a kind side by side. */
static const void *math_extension(const char *id) {
  static const math_1 table = {TENON_KIND_HEADER(math_1), math_min};
  return strcmp(id, TENON_MATH_ID) == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH("math", "1.0.0", TENON_MATH_KIND, TENON_THREAD_SAFE | TENON_DETERMINISTIC,
                  tenon_new_nothing, tenon_drop_nothing, math_something, math_extension);
