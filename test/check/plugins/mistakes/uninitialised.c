/* uninitialised - the place of the first digit and of the last one.
 *
 * MISTAKE  without a digit the result was never set.
 * FOUND BY calls/uninitialised-memory, in `digits`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct range {
  uint64_t first, last;
} range;

static void find(const uint8_t *in, size_t in_len, range *found) {
  int any = 0;
  for (size_t i = 0; i < in_len; i++) {
    if (in[i] < '0' || in[i] > '9') continue;
    if (!any++) found->first = i;
    found->last = i;
  }
}

static tenon_status digits(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  range *found = malloc(sizeof *found);
  if (found == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the result");
  find(in, in_len, found);
  tenon_status status = tenon_write(out, found, sizeof *found);
  free(found);
  return status;
}

TENON_PLUGIN("uninitialised", "1.0.0", tenon_new_nothing, tenon_drop_nothing, digits);
