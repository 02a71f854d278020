/* sticky-error - reads a decimal number and doubles it. Other inputs are errors.
 *
 * MISTAKE  the error of one call stays in a global variable, and the next call fails too.
 * FOUND BY calls/same-after-failure, in `number`; the variable is `failed`. */
#include "tenon.h"

static int failed;

static uint64_t number(const uint8_t *in, size_t in_len) {
  uint64_t value = 0;
  for (size_t i = 0; i < in_len; i++) {
    if (in[i] == 0 || in[i] > 127) failed = 1;
    value = value * 10 + in[i] % 10;
  }
  return value;
}

static tenon_status twice(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint64_t value = 2 * number(in, in_len);
  if (failed) return tenon_fail(out, TENON_INVALID, "the input is not a number");
  return tenon_write(out, &value, sizeof value);
}

TENON_PLUGIN_WITH("sticky-error", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  twice, NULL);
