/* strtok - writes the words of an input, one on each line.
 *
 * MISTAKE  strtok has one position for the whole process. Two instances on two threads take each other's words.
 * FOUND BY threads/concurrent-instances, in `split`. */
#include <stdlib.h>

#include "tenon.h"

static tenon_status split(char *text, tenon_out *out) {
  for (char *word = strtok(text, " \t\n"); word != NULL; word = strtok(NULL, " \t\n")) {
    tenon_status status = tenon_write(out, word, strlen(word));
    if (status == TENON_OK) status = tenon_write(out, "\n", 1);
    if (status != TENON_OK) return status;
  }
  return TENON_OK;
}

static tenon_status words(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  char *copy = malloc(in_len + 1);
  if (copy == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a copy");
  if (in_len != 0) memcpy(copy, in, in_len);
  copy[in_len] = '\0';
  tenon_status status = split(copy, out);
  free(copy);
  return status;
}

TENON_PLUGIN_WITH("strtok", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing, words,
                  NULL);
