/* thread-counter - claims to be safe for threads, and numbers the calls of an instance.
 *
 * MISTAKE  the counter is not atomic, but the flag TENON_THREAD_SAFE is set.
 * FOUND BY threads/concurrent-calls or sanitize/thread, in `number`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct counter {
  uint64_t calls;
  uint8_t line[64];
} counter;

static tenon_status counter_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(counter));
  return *state != NULL ? TENON_OK : tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
}

static void counter_drop(void *state) {
  free(state);
}

static tenon_status number(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  counter *self = state;
  self->calls++;
  size_t size = in_len < sizeof self->line ? in_len : sizeof self->line;
  for (size_t i = 0; i < size; i++) self->line[i] = (uint8_t)(in[i] ^ 1);
  return tenon_write(out, self->line, size);
}

TENON_PLUGIN_WITH("thread-counter", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, counter_new,
                  counter_drop, number, NULL);
