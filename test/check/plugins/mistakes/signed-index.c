/* signed-index - counts letters, digits and other characters with a table of classes.
 *
 * MISTAKE  a char is signed here, so bytes above 127 index memory before the table.
 * FOUND BY calls/heap or sanitize/address, in `classify`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct classes {
  uint8_t of[256];
} classes;

static tenon_status classes_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  classes *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for the table");
  for (int c = 'a'; c <= 'z'; c++) self->of[c] = self->of[c - 'a' + 'A'] = 1;
  for (int c = '0'; c <= '9'; c++) self->of[c] = 2;
  *state = self;
  return TENON_OK;
}

static void classes_drop(void *state) {
  free(state);
}

static void classify(const classes *self, const signed char *text, size_t size, uint32_t counts[3]) {
  for (size_t i = 0; i < size; i++) counts[self->of[text[i]] % 3]++;
}

static tenon_status count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  uint32_t counts[3] = {0};
  classify(state, (const signed char *)in, in_len, counts);
  return tenon_write(out, counts, sizeof counts);
}

TENON_PLUGIN("signed-index", "1.0.0", classes_new, classes_drop, count);
