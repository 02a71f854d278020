/* salt - puts 16 random bytes of the system before the input. Each call has another result. */
#include <sys/random.h>

#include "tenon.h"

static tenon_status salt(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint8_t bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    return tenon_fail(out, TENON_FAILED, "the system has no random bytes");
  tenon_status status = tenon_write(out, bytes, sizeof bytes);
  if (status == TENON_OK) status = tenon_write(out, in, in_len);
  return status == TENON_OK ? status : tenon_fail(out, status, "the output is full");
}

TENON_PLUGIN_WITH("corpus-salt", "1.0.0", "", TENON_THREAD_SAFE, tenon_new_nothing, tenon_drop_nothing, salt,
                  NULL);
