/* kept-input - reports whether the input is the same as that of the last call.
 *
 * MISTAKE  it keeps the address of the last input, which the host has freed.
 * FOUND BY calls/retained-input, in `compare`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct last {
  const uint8_t *bytes;
  size_t size;
} last;

static tenon_status last_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(last));
  return *state != NULL ? TENON_OK : tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
}

static void last_drop(void *state) {
  free(state);
}

static tenon_status compare(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  last *self = state;
  int same = self->bytes != NULL && self->size == in_len && memcmp(self->bytes, in, in_len) == 0;
  self->bytes = in;
  self->size = in_len;
  return tenon_write(out, same ? "same" : "other", same ? 4 : 5);
}

TENON_PLUGIN("kept-input", "1.0.0", last_new, last_drop, compare);
