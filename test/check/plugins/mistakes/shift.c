/* shift - a set of the characters in the input, as 64 bits.
 *
 * MISTAKE  the 1 is an int, so shifts of 31 and more are undefined.
 * FOUND BY sanitize/undefined, in `set_of`. */
#include "tenon.h"

static uint64_t set_of(const uint8_t *in, size_t in_len) {
  uint64_t set = 0;
  for (size_t i = 0; i < in_len; i++) set |= (uint64_t)(1 << (in[i] & 63));
  return set;
}

static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint64_t set = set_of(in, in_len);
  return tenon_write(out, &set, sizeof set);
}

TENON_PLUGIN_WITH("shift", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, answer, NULL);
