/* calls.c - a sound plugin, but for one thing that it does in a call: TRIP says which. */
#include "tenon.h"

#define TRIP_PLAIN 1 /* returns a status that there is not */

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
#if TRIP == TRIP_PLAIN
  (void)in, (void)in_len, (void)out;
  return 42;
#else
  return tenon_write(out, in, in_len);
#endif
}

TENON_STATELESS_PLUGIN(TRIP_NAME, "1.0.0", call);
