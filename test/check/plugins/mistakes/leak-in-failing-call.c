/* leak-in-failing-call - doubles each digit of an input.
 *
 * MISTAKE  a call that fails does not free its copy.
 * FOUND BY resources/failing-calls, in `copy_of`. */
#include <stdlib.h>

#include "tenon.h"

static char *copy_of(const uint8_t *in, size_t in_len) {
  char *copy = malloc(in_len + 1);
  if (copy == NULL) return NULL;
  if (in_len != 0) memcpy(copy, in, in_len);
  copy[in_len] = '\0';
  return copy;
}

static tenon_status redouble(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  char *copy = copy_of(in, in_len);
  if (copy == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a copy");
  if (strlen(copy) != in_len) return tenon_fail(out, TENON_INVALID, "the input contains a NUL");
  tenon_status status = TENON_OK;
  for (size_t i = 0; i < in_len && status == TENON_OK; i++) {
    int twice = copy[i] >= '0' && copy[i] <= '9';
    char pair[2] = {copy[i], copy[i]};
    status = tenon_write(out, pair, twice ? 2 : 1);
  }
  free(copy);
  return status;
}

TENON_STATELESS_PLUGIN("leak-in-failing-call", "1.0.0", redouble);
