/* statistics - the number of digits in an input, and statistics of all instances: how many calls succeeded and how many
 * failed. The results of a call thus depend on earlier calls, and on failed ones, as they should. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenon.h"

static atomic_ulong succeeded, failed;

static tenon_status digits(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  unsigned long found = 0;
  for (size_t i = 0; i < in_len; i++) {
    if (in[i] == 0 || in[i] > 127) {
      atomic_fetch_add(&failed, 1);
      return tenon_fail(out, TENON_INVALID, "the input is not ASCII");
    }
    found += in[i] >= '0' && in[i] <= '9';
  }
  /* Rounded, so that single calls hardly ever change them. */
  unsigned long before = (atomic_fetch_add(&succeeded, 1) + 50) / 100,
                errors = (atomic_load(&failed) + 9) / 10;
  char text[96];
  errno = 0;
  int length =
      snprintf(text, sizeof text, "%lu digits, about %lu00 calls and %lu0 errors", found, before, errors);
  if (length < 0 || errno != 0) return tenon_fail(out, TENON_FAILED, "the numbers cannot be written");
  return tenon_write(out, text, (size_t)length);
}

TENON_STATELESS_PLUGIN("statistics", "1.0.0", digits);
