/* no-nul - trims white space from both ends.
 *
 * MISTAKE  the copy has no NUL at its end, and strlen reads on.
 * FOUND BY calls/heap or sanitize/address, in `trim`. */
#include <ctype.h>
#include <stdlib.h>

#include "tenon.h"

static char *trim(char *text) {
  while (*text != '\0' && isspace((unsigned char)*text)) text++;
  char *end = text + strlen(text);
  while (end > text && isspace((unsigned char)end[-1])) end--;
  *end = '\0';
  return text;
}

static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len == 0) return TENON_OK;
  char *copy = malloc(in_len);
  if (copy == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a copy");
  memcpy(copy, in, in_len);
  char *trimmed = trim(copy);
  tenon_status status = tenon_write(out, trimmed, strlen(trimmed));
  free(copy);
  return status;
}

TENON_STATELESS_PLUGIN("no-nul", "1.0.0", answer);
