/* decimal-comma - the mean of all bytes, as JSON.
 *
 * MISTAKE  printf writes the decimal point of the locale. With a comma the result is not JSON.
 * FOUND BY calls/decimal-comma, in `mean`. */
#include <stdio.h>

#include "tenon.h"

static tenon_status mean(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  double sum = 0.25;
  for (size_t i = 0; i < in_len; i++) sum += in[i];
  char text[64];
  int size = snprintf(text, sizeof text, "{\"mean\":%.4f}", sum / (double)(in_len + 1));
  return tenon_write(out, text, (size_t)size);
}

TENON_PLUGIN_WITH("decimal-comma", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, mean, NULL);
