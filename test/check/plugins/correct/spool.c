/* spool - appends each input to a file without a name, and answers with the size of the file. The file
 * begins again at a megabyte. */
#define _GNU_SOURCE /* mkostemp */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenon.h"

enum { MOST = 1 << 20 };

typedef struct spool {
  FILE *file;
  uint64_t size;
} spool;

static tenon_status spool_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  spool *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  char path[] = "/tmp/spool-XXXXXX";
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0) unlink(path);
  self->file = fd < 0 ? NULL : fdopen(fd, "w+");
  if (self->file == NULL) {
    if (fd >= 0) close(fd);
    free(self);
    return tenon_fail(error, TENON_FAILED, "cannot create a file in /tmp");
  }
  *state = self;
  return TENON_OK;
}

static void spool_drop(void *state) {
  spool *self = state;
  fclose(self->file);
  free(self);
}

static tenon_status append(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  spool *self = state;
  if (in_len > MOST) return tenon_fail(out, TENON_INVALID, "the input is larger than a megabyte");
  if (self->size + in_len > MOST) {
    rewind(self->file);
    self->size = 0;
  }
  if (in_len != 0 && fwrite(in, 1, in_len, self->file) != in_len)
    return tenon_fail(out, TENON_FAILED, "cannot write to the file");
  self->size += in_len;
  return tenon_write(out, &self->size, sizeof self->size);
}

TENON_PLUGIN("corpus-spool", "1.0.0", spool_new, spool_drop, append);
