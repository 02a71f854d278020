/* exact-size - a checksum over blocks of 16 bytes.
 *
 * MISTAKE  the loop reads the byte after the input if the size is a multiple of 16.
 * FOUND BY calls/lengths or calls/input-bounds, in `checksum`. */
#include "tenon.h"

static uint32_t checksum(const uint8_t *in, size_t in_len) {
  uint32_t sum = 1;
  for (size_t block = 0; block < in_len; block += 16) {
    size_t size = in_len - block < 16 ? in_len - block : 16;
    for (size_t i = 0; i < size; i++) sum = sum * 31 + in[block + i];
    /* The separator of the next block, or the last byte. */
    sum ^= size == 16 ? in[block + 16] : in[in_len - 1];
  }
  return sum;
}

static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint32_t sum = checksum(in, in_len);
  return tenon_write(out, &sum, sizeof sum);
}

TENON_STATELESS_PLUGIN("exact-size", "1.0.0", answer);
