/* leak-per-thread - reverses an input in a buffer that each thread keeps for its next call.
 *
 * MISTAKE  the key has no destructor, so the buffer of each thread that ends is lost.
 * FOUND BY resources/calling-threads, in `own_buffer`. */
#include <pthread.h>
#include <stdlib.h>

#include "tenon.h"

enum { MOST = 65536 };
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void make_key(void) {
  pthread_key_create(&key, NULL);
}

static uint8_t *own_buffer(void) {
  pthread_once(&once, make_key);
  uint8_t *buffer = pthread_getspecific(key);
  if (buffer == NULL) {
    buffer = malloc(MOST);
    pthread_setspecific(key, buffer);
  }
  return buffer;
}

static tenon_status reverse(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > MOST) return tenon_fail(out, TENON_INVALID, "the input is larger than 64 KiB");
  uint8_t *buffer = own_buffer();
  if (buffer == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for the buffer");
  for (size_t i = 0; i < in_len; i++) buffer[i] = in[in_len - 1 - i];
  return tenon_write(out, buffer, in_len);
}

TENON_PLUGIN_WITH("leak-per-thread", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  reverse, NULL);
