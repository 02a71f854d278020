/* gzip - compresses and decompresses with the system's zlib. A plugin with state, a dependency and a kind.
 *
 * INPUT   any bytes for `encode`; one gzip file (of one or more members) for `decode`.
 * RESULT  the gzip file, or its decompressed contents. `something` is `encode`.
 * CONFIG  that of gzip_streams.h
 * KIND    codec/1.0.0, whose methods take and return plain bytes. */
#include <stdlib.h>

#include "codec.kind.h"
#include "gzip_streams.h"

CODEC_1_FACTS;

static tenon_status gzip_fail(tenon_out *out, tenon_status status, const z_stream *stream, int code) {
  return tenon_fail(out, status, stream->msg != NULL ? stream->msg : zError(code));
}

static tenon_status gzip_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)host;
  gzip_streams *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  tenon_status status = gzip_streams_open(self, config, config_len, (int64_t)1 << 40, error);
  if (status == TENON_OK)
    *state = self;
  else
    free(self); /* `new` failed, so `drop` will not be called */
  return status;
}

static void gzip_drop(void *state) {
  gzip_streams_close(state);
  free(state);
}

/* Returns the part of `n` that fits zlib's counters, which are `unsigned int`. Larger buffers are passed in
 * parts. */
static uInt part(size_t n) {
  return n > 1u << 30 ? 1u << 30 : (uInt)n;
}

/* Makes the stream write directly to the host's memory, at least `room` bytes. That needs no buffer of the
 * plugin and no copy. */
static tenon_status aim_at(z_stream *stream, tenon_out *out, size_t room) {
  if (out->capacity - out->len < room) {
    tenon_status status = out->reserve(out, room);
    if (status != TENON_OK) return tenon_fail(out, status, "no memory for the result");
  }
  stream->next_out = out->data + out->len;
  stream->avail_out = part(out->capacity - out->len);
  return TENON_OK;
}

static tenon_status gzip_encode(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  z_stream *stream = &((gzip_streams *)state)->deflate;
  deflateReset(stream);
  stream->next_in = in_len > 0 ? (Bytef *)in : (Bytef *)""; /* zlib refuses NULL even for no bytes */
  stream->avail_in = part(in_len);
  size_t room = deflateBound(stream, (uLong)in_len); /* usually enough, so `reserve` runs once */
  for (size_t left = in_len - stream->avail_in;;) {
    tenon_status status = aim_at(stream, out, room);
    if (status != TENON_OK) return status;
    uInt offered = stream->avail_out;
    int code = deflate(stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    out->len += offered - stream->avail_out;
    if (code == Z_STREAM_END) return TENON_OK;
    if (code != Z_OK && code != Z_BUF_ERROR) return gzip_fail(out, TENON_FAILED, stream, code);
    if (stream->avail_in == 0) {
      stream->avail_in = part(left);
      left -= stream->avail_in;
    }
    room = 1 << 16;
  }
}

/* Runs one more round of inflate. After Z_STREAM_END another member may follow. */
static tenon_status inflate_some(gzip_streams *self, tenon_out *out, int *code) {
  z_stream *stream = &self->inflate;
  /* Allow one byte more than the limit, to distinguish "exactly the limit" from "more". */
  uint64_t left = self->max_output - out->len + 1;
  tenon_status status = aim_at(stream, out, left < 1 << 16 ? (size_t)left : 1 << 16);
  if (status != TENON_OK) return status;
  if (stream->avail_out > left) stream->avail_out = (uInt)left;
  uInt offered = stream->avail_out;
  *code = inflate(stream, Z_NO_FLUSH);
  out->len += offered - stream->avail_out;
  if (out->len > self->max_output) {
    return tenon_fail(out, TENON_INVALID, "the data unpacks to more than maxOutput bytes");
  }
  if (*code == Z_OK || *code == Z_STREAM_END) return TENON_OK;
  if (*code == Z_BUF_ERROR) return tenon_fail(out, TENON_INVALID, "unexpected end of the data");
  return gzip_fail(out, *code == Z_MEM_ERROR ? TENON_NO_MEMORY : TENON_INVALID, stream, *code);
}

static tenon_status gzip_decode(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  gzip_streams *self = state;
  z_stream *stream = &self->inflate;
  inflateReset(stream);
  stream->next_in = in_len > 0 ? (Bytef *)in : (Bytef *)"";
  stream->avail_in = part(in_len);
  for (size_t left = in_len - stream->avail_in;;) {
    int code;
    tenon_status status = inflate_some(self, out, &code);
    if (status != TENON_OK) return status;
    if (stream->avail_in == 0) {
      stream->avail_in = part(left);
      left -= stream->avail_in;
    }
    if (code == Z_STREAM_END) {
      if (stream->avail_in == 0) return TENON_OK;
      inflateReset(stream);
    }
  }
}

static const void *gzip_extension(const char *id) {
  static const codec_1 codec = {TENON_KIND_HEADER(codec_1), gzip_encode, gzip_decode};
  return strcmp(id, CODEC_1_ID) == 0 ? &codec : NULL;
}

TENON_PLUGIN_WITH("gzip", "1.0.0", CODEC_1_KIND, TENON_DETERMINISTIC, gzip_new, gzip_drop, gzip_encode,
                  gzip_extension);
