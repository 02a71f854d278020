/* race-of-lengths - answers with the length of the input in decimal digits.
 *
 * MISTAKE  the length is in a static variable, so instances on two threads see each other's. With equal
 *          inputs the results are equal too.
 * FOUND BY threads/concurrent-instances, in `measure`; the variable is `length`. */
#include <stdio.h>

#include "tenon.h"

static size_t length;
static char digits[32];

static void measure(const uint8_t *in, size_t in_len) {
  length = 0;
  while (length < in_len && in[length] != '\n') length++;
}

static tenon_status answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  measure(in, in_len);
  int size = snprintf(digits, sizeof digits, "%zu of %zu", length, in_len);
  return tenon_write(out, digits, (size_t)size);
}

TENON_PLUGIN_WITH("race-of-lengths", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  answer, NULL);
