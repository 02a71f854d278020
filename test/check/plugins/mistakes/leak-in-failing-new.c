/* leak-in-failing-new - puts a prefix before each input. The config is the prefix as a JSON string.
 *
 * MISTAKE  a failing new frees the instance, but not the prefix.
 * FOUND BY resources/failing-new, in `prefix_new`. */
#include <stdlib.h>

#include "tenon.h"

typedef struct prefix {
  size_t size;
  char *bytes;
} prefix;

static tenon_status prefix_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                               tenon_out *error) {
  (void)host;
  prefix *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->size = config_len;
  self->bytes = malloc(config_len + 64);
  if (self->bytes == NULL) {
    free(self);
    return tenon_fail(error, TENON_NO_MEMORY, "no memory for the prefix");
  }
  if (config_len != 0) memcpy(self->bytes, config, config_len);
  if (config_len != 0 && (config_len < 2 || config[0] != '"' || config[config_len - 1] != '"')) {
    free(self);
    return tenon_fail(error, TENON_INVALID, "the config is not a string");
  }
  *state = self;
  return TENON_OK;
}

static void prefix_drop(void *state) {
  prefix *self = state;
  free(self->bytes);
  free(self);
}

static tenon_status prepend(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const prefix *self = state;
  tenon_status status = self->size < 2 ? TENON_OK : tenon_write(out, self->bytes + 1, self->size - 2);
  return status != TENON_OK ? status : tenon_write(out, in, in_len);
}

TENON_PLUGIN_WITH("leak-in-failing-new", "1.0.0", "", TENON_DETERMINISTIC, prefix_new, prefix_drop, prepend,
                  NULL);
