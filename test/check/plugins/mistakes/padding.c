/* padding - answers with a structure: the first byte of the input and its length.
 *
 * MISTAKE  the padding of the structure is old memory of the heap.
 * FOUND BY calls/uninitialised-memory, in `describe`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct summary {
  uint8_t first; /* 7 bytes of padding follow */
  uint64_t length;
} summary;

static tenon_status describe(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  summary *result = malloc(sizeof *result);
  if (result == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the result");
  result->first = in_len == 0 ? 0 : in[0];
  result->length = in_len;
  tenon_status status = tenon_write(out, result, sizeof *result);
  free(result);
  return status;
}

TENON_PLUGIN("padding", "1.0.0", tenon_new_nothing, tenon_drop_nothing, describe);
