/* A plugin that greets. The config can set the greeting: {"greeting": "Good morning"}. */
#include <stdlib.h>
#include <string.h>

#include "tenon.h"
#include "tenon_config.h"

/* The state of an instance. */
typedef struct {
  char greeting[64];
} greeter;

/* Creates an instance. The config is borrowed until return, so the greeting is copied. */
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host;
  greeter *self = malloc(sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  strcpy(self->greeting, "Hello");
  /* Everything that the config may contain. Anything else is refused with a message. */
  const tenon_config_field fields[] = {TENON_CONFIG_STRING("greeting", self->greeting)};
  tenon_status status = tenon_config_read(config, config_len, fields, 1, error);
  if (status == TENON_OK) {
    *state = self;
  } else {
    free(self);
  }
  return status;
}

/* Frees an instance. The host calls it once. */
static void drop(void *state) {
  free(state);
}

/* Takes bytes and writes bytes. The host owns both, so no pointer to them may be kept after return. */
static tenon_status greet(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const greeter *self = state;
  if (in_len == 0) return tenon_fail(out, TENON_INVALID, "the input must name someone to greet");
  tenon_status status = tenon_write(out, self->greeting, strlen(self->greeting));
  if (status == TENON_OK) status = tenon_write(out, ", ", 2);
  if (status == TENON_OK) status = tenon_write(out, in, in_len);
  if (status == TENON_OK) status = tenon_write(out, "!", 1);
  return status;
}

TENON_PLUGIN_WITH("{{name}}", "1.0.0", "", TENON_DETERMINISTIC, make, drop, greet, NULL);
