/* snprintf-length - puts an input between quotation marks.
 *
 * MISTAKE  snprintf returns the length that the result would have, and not what fits the buffer.
 * FOUND BY calls/odd-input, calls/large-input or sanitize/address, in `quote`. */
#include <stdio.h>

#include "tenon.h"

static tenon_status quote(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  char text[128];
  if (in_len > 1 << 20) return tenon_fail(out, TENON_INVALID, "the input is larger than 1 MiB");
  int size = snprintf(text, sizeof text, "\"%.*s\"", (int)in_len, in_len == 0 ? "" : (const char *)in);
  return tenon_write(out, text, (size_t)size);
}

TENON_PLUGIN_WITH("snprintf-length", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  quote, NULL);
