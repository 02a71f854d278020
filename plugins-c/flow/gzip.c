/* gzip-stream - decompresses a stream between a source and its flow, and compresses events before a sink. The codec
 * for single events is plugins-c/gzip.c.
 *
 * KINDS   preprocessor/1.0.0: the rows of a stream are a gzip file of one or more members. Each row of the output is
 *         what one row decompressed to. Inside a member a fresh instance could not begin, so the input from its
 *         beginning is held.
 *         postprocessor/1.0.0: each frame becomes one row, a gzip member of all its events. Members that follow each
 *         other are a gzip file.
 * CONFIG  that of ../gzip_streams.h */
#include "../gzip_streams.h"
#include "tenon_frame.h"

PREPROCESSOR_1_FACTS;
POSTPROCESSOR_1_FACTS;

enum { CHUNK = 1 << 16 };

typedef struct gzip {
  gzip_streams streams;
  bool inside;      /* a part of a member was read */
  uint64_t held_at; /* the position of the first row that a fresh instance would need, while `inside` */
  tenon_frame_writer writer;
} gzip;

static tenon_status gzip_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)host;
  gzip *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  tenon_status status = gzip_streams_open(&self->streams, config, config_len, (int64_t)1 << 30, error);
  if (status == TENON_OK)
    *state = self;
  else
    free(self);
  return status;
}

static void gzip_drop(void *state) {
  gzip *self = state;
  gzip_streams_close(&self->streams);
  tenon_frame_free(&self->writer);
  free(self);
}

/* Makes a stream write directly to the output. */
static bool aim(z_stream *stream, tenon_frame_writer *writer) {
  tenon_out *out = writer->out;
  if (writer->status != TENON_OK) return false;
  if (tenon_frame_size(writer) > INT32_MAX - 2 * CHUNK) {
    tenon_frame_fail(writer, TENON_FAILED, "the frame exceeds 2 GiB");
    return false;
  }
  if (out->capacity - out->len < CHUNK && out->reserve(out, CHUNK) != TENON_OK) {
    tenon_frame_fail(writer, TENON_NO_MEMORY, "no memory for the result");
    return false;
  }
  stream->next_out = out->data + out->len;
  stream->avail_out = CHUNK;
  return true;
}

/* ---- Decompressing ---- */

/* Ends the present row. A member that ended inside a piece ended at a known byte, where a fresh instance can begin. */
static void end_row(gzip *self, tenon_row row, size_t behind, bool clean) {
  if (clean && row.mark == TENON_FLOW_PIECE) row.position -= behind;
  row.mark = TENON_FLOW_ROW;
  tenon_frame_end_row(&self->writer, &row);
}

/* Decompresses one row. Returns TENON_INVALID for bytes that are not gzip. */
static tenon_status expand(gzip *self, tenon_bytes bytes, tenon_row row) {
  z_stream *stream = &self->streams.inflate;
  size_t before = tenon_frame_size(&self->writer);
  stream->next_in = (Bytef *)bytes.data;
  stream->avail_in = (uInt)bytes.len;
  for (bool more = true; more;) {
    if (stream->avail_in > 0 && !self->inside) {
      self->held_at = row.position;
      self->inside = true;
    }
    /* A failure of the writer is reported when the frame ends. */
    if (!self->inside || !aim(stream, &self->writer)) return TENON_OK;
    const int code = inflate(stream, Z_NO_FLUSH);
    const bool member = code == Z_STREAM_END;
    self->writer.out->len += CHUNK - stream->avail_out;
    const size_t size = tenon_frame_size(&self->writer);
    if (size > self->streams.max_output || (code != Z_OK && code != Z_BUF_ERROR && !member))
      return TENON_INVALID;
    /* After a row that is not a piece, a fresh instance can begin only where the row ends. */
    const bool clean = member && (row.mark == TENON_FLOW_PIECE || stream->avail_in == 0);
    more = stream->avail_in > 0 || (!member && stream->avail_out == 0);
    if (member) inflateReset(stream);
    if (clean) self->inside = false;
    if (size == before || (more && !clean)) continue;
    end_row(self, row, stream->avail_in, clean);
    before = size;
  }
  return TENON_OK;
}

static tenon_status gzip_expand(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  gzip *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    if (expand(self, tenon_frame_row(&frame, i), tenon_row_of(&frame, i)) == TENON_OK) continue;
    if (tenon_frame_size(&self->writer) > self->streams.max_output)
      return tenon_fail(out, TENON_INVALID, "the data unpacks to more than maxOutput bytes");
    return tenon_fail(out, TENON_INVALID,
                      self->streams.inflate.msg != NULL ? self->streams.inflate.msg : "not gzip");
  }
  return tenon_frame_end_held(&self->writer, self->inside ? self->held_at : TENON_FLOW_NOWHERE);
}

/* The stream ended. Within a member that is a failure: its rest is missing. */
static tenon_status gzip_expand_end(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  gzip *self = state;
  (void)in;
  if (in_len != sizeof(uint64_t)) return tenon_fail(out, TENON_INVALID, "the input is not a stream");
  if (self->inside) return tenon_fail(out, TENON_INVALID, "the gzip data ends in the middle of a member");
  tenon_frame_begin(&self->writer, out);
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

/* ---- Compressing ---- */

static tenon_status gzip_pack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  gzip *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  const tenon_bytes bytes = tenon_frame_rows(&frame, 0, frame.head.rows);
  z_stream *stream = &self->streams.deflate;
  tenon_frame_begin(&self->writer, out);
  if (frame.head.rows == 0) return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
  deflateReset(stream);
  stream->next_in = bytes.len > 0 ? (Bytef *)bytes.data : (Bytef *)"";
  stream->avail_in = (uInt)bytes.len;
  for (int code = Z_OK; code == Z_OK && aim(stream, &self->writer);) {
    code = deflate(stream, Z_FINISH);
    out->len += CHUNK - stream->avail_out;
    if (code != Z_OK && code != Z_STREAM_END)
      tenon_frame_fail(&self->writer, TENON_FAILED, stream->msg != NULL ? stream->msg : zError(code));
  }
  tenon_row row = tenon_row_of(&frame, frame.head.rows - 1);
  row.meta.len = 0; /* the row has all events of the frame, and the metadata is that of one */
  row.mark = TENON_FLOW_ROW;
  tenon_frame_end_row(&self->writer, &row);
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

static tenon_status gzip_pack_end(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in;
  if (in_len != sizeof(uint64_t)) return tenon_fail(out, TENON_INVALID, "the input is not a stream");
  tenon_frame_begin(&((gzip *)state)->writer, out);
  return tenon_frame_end_held(&((gzip *)state)->writer, TENON_FLOW_NOWHERE);
}

static const void *gzip_extension(const char *id) {
  static const preprocessor_1 before = {TENON_KIND_HEADER(preprocessor_1), gzip_expand, gzip_expand_end};
  static const postprocessor_1 after = {TENON_KIND_HEADER(postprocessor_1), gzip_pack, gzip_pack_end};
  if (strcmp(id, PREPROCESSOR_1_ID) == 0) return &before;
  return strcmp(id, POSTPROCESSOR_1_ID) == 0 ? &after : NULL;
}

static tenon_status gzip_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kinds preprocessor/1 and postprocessor/1");
}

TENON_PLUGIN_WITH("gzip-stream", "1.0.0", PREPROCESSOR_1_KIND ";" POSTPROCESSOR_1_KIND, TENON_DETERMINISTIC,
                  gzip_new, gzip_drop, gzip_something, gzip_extension);
