/* misaligned - the exclusive or of all words of 8 bytes.
 *
 * MISTAKE  the input is read through a pointer to uint64_t, at any address.
 * FOUND BY sanitize/undefined or calls/unaligned-input, in `fold`. */
#include "tenon.h"

static uint64_t fold(const uint8_t *in, size_t in_len) {
  uint64_t all = 0;
  const uint64_t *words = (const uint64_t *)(const void *)in;
  for (size_t i = 0; i < in_len / 8; i++) all ^= words[i];
  for (size_t i = in_len - in_len % 8; i < in_len; i++) all ^= in[i];
  return all;
}

static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint64_t all = fold(in, in_len);
  return tenon_write(out, &all, sizeof all);
}

TENON_PLUGIN_WITH("misaligned", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, answer, NULL);
