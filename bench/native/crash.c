/* A plugin that returns its input, and crashes for an empty input. */
#include "tenon.h"

static volatile int *volatile nowhere;

static tenon_status echo(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 0) *nowhere = 1;
  return tenon_write(out, in, in_len);
}

TENON_STATELESS_PLUGIN("crash", "1.0.0", echo);
