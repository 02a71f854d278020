/* hexdump - writes each byte of the input as two digits, one tenon_write for each byte. */
#include "tenon.h"

static tenon_status dump(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < in_len; i++) {
    char pair[3] = {digits[in[i] >> 4], digits[in[i] & 15], i % 16 == 15 ? '\n' : ' '};
    tenon_status status = tenon_write(out, pair, sizeof pair);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

TENON_PLUGIN_WITH("corpus-hexdump", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, dump, NULL);
