/* config-past-end - repeats the input as often as the config says: {"times":2}.
 *
 * MISTAKE  strstr and atoi read the config as a C string. No NUL terminates it.
 * FOUND BY lifecycle/config-bounds, in `times_of`. */
#include <stdlib.h>

#include "tenon.h"

static int times_of(const char *config) {
  const char *found = strstr(config, "\"times\":");
  int times = found == NULL ? 1 : atoi(found + 8);
  return times < 1 || times > 10 ? 1 : times;
}

static tenon_status times_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host;
  int *self = malloc(sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  *self = config_len == 0 ? 1 : times_of((const char *)config);
  *state = self;
  return TENON_OK;
}

static void times_drop(void *state) {
  free(state);
}

static tenon_status repeat(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  tenon_status status = TENON_OK;
  for (int i = 0; i < *(int *)state && status == TENON_OK; i++) status = tenon_write(out, in, in_len);
  return status;
}

TENON_PLUGIN_WITH("config-past-end", "1.0.0", "", TENON_DETERMINISTIC, times_new, times_drop, repeat, NULL);
