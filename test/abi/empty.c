/* The smallest possible plugin. */
#include "tenon.h"

static tenon_status nothing(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len, (void)out;
  return TENON_OK;
}

TENON_STATELESS_PLUGIN("empty", "1.0.0", nothing);
