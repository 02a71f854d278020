/* errno - reads a decimal number with strtoul and adds one.
 *
 * MISTAKE  errno is tested but not cleared, so an earlier error of any library makes the call fail.
 * FOUND BY calls/errno, in `parse`. */
#include <errno.h>
#include <stdlib.h>

#include "tenon.h"

static int parse(const uint8_t *in, size_t in_len, unsigned long *value) {
  char copy[64] = {0};
  if (in_len != 0) memcpy(copy, in, in_len < 63 ? in_len : 63);
  *value = strtoul(copy, NULL, 36);
  return errno != ERANGE;
}

static tenon_status next(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  unsigned long value;
  if (!parse(in, in_len, &value)) return tenon_fail(out, TENON_INVALID, "the number is too large");
  value++;
  return tenon_write(out, &value, sizeof value);
}

TENON_PLUGIN_WITH("errno", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing, next,
                  NULL);
