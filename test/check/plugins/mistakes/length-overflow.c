/* length-overflow - sums numbers of 8 bytes. The input begins with their count, 4 bytes.
 *
 * MISTAKE  the size is computed in 32 bits, so a large count passes the test.
 * FOUND BY calls/odd-input or fuzz/input, in `sum`. */
#include "tenon.h"

static uint64_t sum(const uint8_t *numbers, uint32_t count) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t number;
    memcpy(&number, numbers + 8 * (size_t)i, sizeof number);
    total += number;
  }
  return total;
}

static tenon_status add(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint32_t count;
  if (in_len < 4) return tenon_fail(out, TENON_INVALID, "the input has no count");
  memcpy(&count, in, sizeof count);
  if (4 + count * 8 > in_len) return tenon_fail(out, TENON_INVALID, "the input has fewer numbers");
  uint64_t total = sum(in + 4, count);
  return tenon_write(out, &total, sizeof total);
}

TENON_PLUGIN_WITH("length-overflow", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  add, NULL);
