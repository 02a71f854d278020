/* lock-kept - counts the lines of all inputs in a total that instances share.
 *
 * MISTAKE  the path of an error returns with the lock held, and the next call waits forever.
 * FOUND BY calls/after-failure or calls/odd-input, in `add`. */
#include <pthread.h>

#include "tenon.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t total;

static tenon_status add(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint64_t lines = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < in_len; i++) {
    if (in[i] == 0) return tenon_fail(out, TENON_INVALID, "the input contains a NUL");
    lines += in[i] == '\n';
  }
  total += lines;
  pthread_mutex_unlock(&lock);
  return tenon_write(out, &lines, sizeof lines);
}

TENON_PLUGIN_WITH("lock-kept", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing, add,
                  NULL);
