/* lines - cuts a stream of bytes into lines, and ends events with newlines.
 *
 * KINDS   preprocessor/1.0.0: each line is an event, without its newline. What has no newline yet is held.
 *         postprocessor/1.0.0: appends a newline to each event.
 * CONFIG  {"maxLength": bytes}  longer lines are cut into events of that length (default 1 MiB), so that a file
 *                               without newlines does not fill the memory */
#include "tenon_config.h"
#include "tenon_frame.h"

PREPROCESSOR_1_FACTS;
POSTPROCESSOR_1_FACTS;

typedef struct lines {
  int64_t max_length;
  tenon_frame_writer writer;
  tenon_out held;     /* the beginning of a line, in memory of the instance */
  uint64_t held_at;   /* the position of the first row of which a part is held */
  uint64_t last_at;   /* the position of the last row */
  uint64_t ingest_ns; /* of the last row */
} lines;

static tenon_status lines_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host;
  int64_t max_length = (int64_t)1 << 20;
  const tenon_config_field fields[] = {TENON_CONFIG_INT("maxLength", &max_length, 1, (int64_t)1 << 30)};
  tenon_status status = tenon_config_read(config, config_len, fields, 1, error);
  if (status != TENON_OK) return status;
  lines *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->max_length = max_length;
  self->held = tenon_memory();
  *state = self;
  return TENON_OK;
}

static void lines_drop(void *state) {
  lines *self = state;
  tenon_frame_free(&self->writer);
  free(self->held.data);
  free(self);
}

/* Ends the present event. It consists of what is held and of `size` more bytes. */
static void end_line(lines *self, const uint8_t *bytes, size_t size, const tenon_row *row) {
  tenon_frame_add(&self->writer, self->held.data, self->held.len);
  tenon_frame_add(&self->writer, bytes, size);
  tenon_frame_end_row(&self->writer, row);
  self->held.len = 0;
}

/* Cuts one row. A piece of a byte stream knows the position of each of its bytes. After the events of any other row,
 * a fresh instance cannot begin within it, so they all have its position. */
static tenon_status cut(lines *self, tenon_bytes bytes, tenon_row row) {
  const bool piece = row.mark == TENON_FLOW_PIECE;
  const uint64_t end = row.position;
  row.mark = TENON_FLOW_ROW;
  for (size_t from = 0; from < bytes.len;) {
    const size_t room = (size_t)self->max_length - self->held.len, left = bytes.len - from;
    const size_t most = left < room ? left : room;
    const uint8_t *newline = memchr(bytes.data + from, '\n', most < left ? most + 1 : most);
    const size_t size = newline != NULL ? (size_t)(newline - bytes.data) - from : most;
    if (newline == NULL && size == left) {
      if (self->held.len == 0) self->held_at = end;
      return tenon_write(&self->held, bytes.data + from, size);
    }
    const size_t next = from + size + (newline != NULL);
    row.position = piece ? end - (bytes.len - next) : end;
    end_line(self, bytes.data + from, size, &row);
    from = next;
  }
  return TENON_OK;
}

static tenon_status lines_cut(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  lines *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    const tenon_row row = tenon_row_of(&frame, i);
    if (cut(self, tenon_frame_row(&frame, i), row) != TENON_OK)
      return tenon_fail(out, TENON_NO_MEMORY, "no memory for the beginning of a line");
    self->last_at = row.position;
    self->ingest_ns = row.ingest_ns;
  }
  return tenon_frame_end_held(&self->writer, self->held.len > 0 ? self->held_at : TENON_FLOW_NOWHERE);
}

/* Gives out the last line, which has no newline. */
static tenon_status lines_finish(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  lines *self = state;
  tenon_row row = {0, self->last_at, self->ingest_ns, TENON_FLOW_ROW, {NULL, 0}};
  if (in_len != sizeof row.stream) return tenon_fail(out, TENON_INVALID, "the input is not a stream");
  memcpy(&row.stream, in, sizeof row.stream);
  tenon_frame_begin(&self->writer, out);
  if (self->held.len > 0) end_line(self, NULL, 0, &row);
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

static tenon_status lines_append(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  lines *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    const tenon_bytes bytes = tenon_frame_row(&frame, i);
    const tenon_row row = tenon_row_of(&frame, i);
    tenon_frame_add(&self->writer, bytes.data, bytes.len);
    tenon_frame_add(&self->writer, "\n", 1);
    tenon_frame_end_row(&self->writer, &row);
  }
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

static const void *lines_extension(const char *id) {
  static const preprocessor_1 before = {TENON_KIND_HEADER(preprocessor_1), lines_cut, lines_finish};
  static const postprocessor_1 after = {TENON_KIND_HEADER(postprocessor_1), lines_append, lines_finish};
  if (strcmp(id, PREPROCESSOR_1_ID) == 0) return &before;
  return strcmp(id, POSTPROCESSOR_1_ID) == 0 ? &after : NULL;
}

static tenon_status lines_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kinds preprocessor/1 and postprocessor/1");
}

TENON_PLUGIN_WITH("lines", "1.0.0", PREPROCESSOR_1_KIND ";" POSTPROCESSOR_1_KIND, TENON_DETERMINISTIC,
                  lines_new, lines_drop, lines_something, lines_extension);
