/* gzip_streams.h - the config and the two streams of zlib that the plugins gzip and gzip-stream have in common.
 *
 * CONFIG  {"level": 0 to 9}     effort, as in zlib (default 6)
 *         {"maxOutput": bytes}  limit for what a call decompresses (default 256 MiB), because a kilobyte can
 *                               decompress to a gigabyte */
#ifndef GZIP_STREAMS_H
#define GZIP_STREAMS_H

#include <zlib.h>

#include "tenon_config.h"

enum { GZIP_WINDOW = 15 + 16 /* the largest window; 16 selects gzip instead of zlib's own framing */ };

typedef struct gzip_streams {
  z_stream deflate, inflate;
  uint64_t max_output;
} gzip_streams;

/* Sets up zlib's buffers once per instance. A call only resets them, which is the purpose of the state. `most` is the
 * largest valid maxOutput. After a failure there is nothing to close. */
static inline tenon_status gzip_streams_open(gzip_streams *self, const uint8_t *config, size_t config_len,
                                             int64_t most, tenon_out *error) {
  int64_t level = 6, max_output = (int64_t)256 << 20;
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("level", &level, 0, 9),
      TENON_CONFIG_INT("maxOutput", &max_output, 0, most),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status != TENON_OK) return status;
  self->max_output = (uint64_t)max_output;
  int code = deflateInit2(&self->deflate, (int)level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);
  if (code == Z_OK) {
    code = inflateInit2(&self->inflate, GZIP_WINDOW);
    if (code == Z_OK) return TENON_OK;
    deflateEnd(&self->deflate);
  }
  return tenon_fail(error, code == Z_MEM_ERROR ? TENON_NO_MEMORY : TENON_FAILED, zError(code));
}

static inline void gzip_streams_close(gzip_streams *self) {
  deflateEnd(&self->deflate);
  inflateEnd(&self->inflate);
}

#endif /* GZIP_STREAMS_H */
