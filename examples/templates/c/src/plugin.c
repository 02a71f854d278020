/* A plugin that greets. The config can set the greeting: {"greeting": "Good morning"}. */
#include <stdlib.h>
#include <string.h>

#include "tenon.h"

#define LONGEST 64

/* The state of an instance. */
typedef struct {
  char greeting[LONGEST];
} greeter;

/* Copies the value of "greeting" from the JSON config, if the config has one. Returns 0 if the value is not a
 * usable string. A real plugin should use a JSON library. */
static int read_greeting(const char *config, size_t size, char *greeting) {
  static const char key[] = "\"greeting\"";
  const char *end = config + size, *at = config;
  while ((size_t)(end - at) >= sizeof key - 1 && memcmp(at, key, sizeof key - 1) != 0) at++;
  if ((size_t)(end - at) < sizeof key - 1) return 1; /* Without the key, the default is kept. */
  at += sizeof key - 1;
  while (at < end && (*at == ' ' || *at == ':')) at++;
  if (at == end || *at++ != '"') return 0;
  size_t length = 0;
  while (at < end && *at != '"') {
    unsigned char byte = (unsigned char)*at++;
    if (byte < 0x20 || byte >= 0x7f || byte == '\\' || length == LONGEST - 1) return 0;
    greeting[length++] = (char)byte;
  }
  greeting[length] = '\0';
  return at < end;
}

/* Creates an instance. The config is borrowed until return, so the greeting is copied. */
static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host;
  greeter *self = malloc(sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  strcpy(self->greeting, "Hello");
  if (!read_greeting((const char *)config, config_len, self->greeting)) {
    free(self);
    return tenon_fail(error, TENON_INVALID, "greeting must be a string of at most 63 plain characters");
  }
  *state = self;
  return TENON_OK;
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
