/* static-buffer - rotates letters by 13 places.
 *
 * MISTAKE  all instances build their results in the same static buffer.
 * FOUND BY threads/concurrent-instances, in `rotate`; the variable is `buffer`. */
#include "tenon.h"

static uint8_t buffer[65536];

static uint8_t rotated(uint8_t byte) {
  uint8_t base = byte >= 'a' ? 'a' : 'A', letter = (uint8_t)(byte - base);
  return letter < 26 ? (uint8_t)(base + (letter + 13) % 26) : byte;
}

static tenon_status rotate(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > sizeof buffer) return tenon_fail(out, TENON_INVALID, "the input is larger than 64 KiB");
  for (size_t i = 0; i < in_len; i++) buffer[i] = rotated(in[i]);
  return tenon_write(out, buffer, in_len);
}

TENON_PLUGIN_WITH("static-buffer", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  rotate, NULL);
