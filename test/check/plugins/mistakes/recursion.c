/* recursion - the depth of the brackets in an input.
 *
 * MISTAKE  it recurses for each bracket without a limit, and overflows the stack.
 * FOUND BY calls/nested-input, in `depth_at`. */
#include "tenon.h"

typedef struct reader {
  const uint8_t *at, *end;
} reader;

static uint32_t depth_at(reader *from) {
  uint32_t deepest = 0;
  volatile uint8_t seen[256] = {0}; /* how often each character occurs at this depth */
  while (from->at < from->end) {
    uint8_t c = *from->at++;
    if (seen[c] < 255) seen[c]++;
    if (c == ')') break;
    if (c != '(') continue;
    uint32_t inner = 1 + depth_at(from);
    if (inner > deepest) deepest = inner;
  }
  return deepest;
}

static tenon_status depth(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  reader from = {in, in_len == 0 ? in : in + in_len};
  uint32_t found = depth_at(&from);
  return tenon_write(out, &found, sizeof found);
}

TENON_PLUGIN_WITH("recursion", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing, depth,
                  NULL);
