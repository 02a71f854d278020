/* double-free - keeps the longest line of all inputs.
 *
 * MISTAKE  the path for a line that is too long frees the copy, and so does the common end.
 * FOUND BY calls/odd-input, in `keep`. */
#include <stdlib.h>

#include "tenon.h"

static tenon_status keep(const char *line, size_t size, tenon_out *out) {
  char *copy = malloc(size + 1);
  tenon_status status = TENON_OK;
  if (copy == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a line");
  memcpy(copy, line, size);
  copy[size] = '\0';
  if (strlen(copy) != size) {
    free(copy);
    status = tenon_fail(out, TENON_INVALID, "the line contains a NUL");
    goto end;
  }
  status = tenon_write(out, copy, size);
end:
  free(copy);
  return status;
}

static tenon_status longest(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  const char *text = in_len == 0 ? "" : (const char *)in, *best = text;
  size_t size = 0;
  for (size_t begin = 0, i = 0; i <= in_len; i++) {
    if (i < in_len && text[i] != '\n') continue;
    if (i - begin > size) size = i - begin, best = text + begin;
    begin = i + 1;
  }
  return keep(best, size, out);
}

TENON_STATELESS_PLUGIN("double-free", "1.0.0", longest);
