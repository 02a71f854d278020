/* fd-in-failing-new - counts its calls in a log file that the config names: {"log":"/dev/null"}.
 *
 * MISTAKE  new opens the file, then rejects the config, and the descriptor is lost.
 * FOUND BY resources/failing-new, in `log_new`. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenon.h"

typedef struct logger {
  int fd;
  uint32_t calls;
} logger;

static tenon_status log_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                            tenon_out *error) {
  (void)host;
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return tenon_fail(error, TENON_FAILED, "cannot open the log");
  if (config_len != 0 && (config_len < 2 || config[0] != '{' || config[config_len - 1] != '}'))
    return tenon_fail(error, TENON_INVALID, "the config is not an object");
  logger *self = calloc(1, sizeof *self);
  if (self == NULL) {
    close(fd);
    return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  }
  self->fd = fd;
  *state = self;
  return TENON_OK;
}

static void log_drop(void *state) {
  logger *self = state;
  close(self->fd);
  free(self);
}

static tenon_status count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  logger *self = state;
  self->calls++;
  if (in_len != 0 && write(self->fd, in, in_len) < 0) return tenon_fail(out, TENON_FAILED, "cannot write");
  return tenon_write(out, &self->calls, sizeof self->calls);
}

TENON_PLUGIN("fd-in-failing-new", "1.0.0", log_new, log_drop, count);
