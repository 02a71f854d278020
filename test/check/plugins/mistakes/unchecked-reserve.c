/* unchecked-reserve - replaces each tab by four spaces.
 *
 * MISTAKE  the result of reserve is not checked.
 * FOUND BY calls/reserve-fails, in `expand`. */
#include "tenon.h"

static tenon_status expand(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > SIZE_MAX / 4) return tenon_fail(out, TENON_INVALID, "the input is too large");
  out->reserve(out, 4 * in_len);
  for (size_t i = 0; i < in_len; i++) {
    size_t count = in[i] == '\t' ? 4 : 1;
    for (size_t k = 0; k < count; k++) out->data[out->len++] = in[i] == '\t' ? ' ' : in[i];
  }
  return TENON_OK;
}

TENON_PLUGIN_WITH("unchecked-reserve", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, expand, NULL);
