/* tlv-overflow - reads records of a type, a length and a value, behind the magic "TLV1". The result is the
 * value of type 1.
 *
 * MISTAKE  the length of the value is not compared with the buffer for it.
 * FOUND BY fuzz/input, in `read_value`. */
#include "tenon.h"

static size_t read_value(const uint8_t *record, size_t size, uint8_t *value) {
  size_t length = record[1];
  if (length + 2 > size) return 0;
  for (size_t i = 0; i < length; i++) value[i] = record[2 + i];
  return length;
}

static tenon_status parse(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint8_t value[16] = {0};
  if (in_len < 4 || memcmp(in, "TLV1", 4) != 0)
    return tenon_fail(out, TENON_INVALID, "the magic is not TLV1");
  size_t at = 4, length = 0;
  while (at + 2 <= in_len) {
    if (in[at] == 1) length = read_value(in + at, in_len - at, value);
    at += 2 + (size_t)in[at + 1];
  }
  return tenon_write(out, value, length);
}

TENON_STATELESS_PLUGIN("tlv-overflow", "1.0.0", parse);
