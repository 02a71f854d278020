/* length-prefixed - events of any bytes in a stream: each has its length before it, as an unsigned big-endian number.
 *
 * KINDS   preprocessor/1.0.0: cuts the stream into events. What is not complete yet is held.
 *         postprocessor/1.0.0: writes the length before each event.
 * CONFIG  {"width": bytes}      of the length: 1 to 4 (default 4)
 *         {"maxLength": bytes}  a longer event is refused (default 16 MiB), because its length is probably wrong */
#include "tenon_config.h"
#include "tenon_frame.h"

PREPROCESSOR_1_FACTS;
POSTPROCESSOR_1_FACTS;

typedef struct prefixed {
  int64_t width, max_length;
  tenon_frame_writer writer;
  tenon_out held;   /* a length and the beginning of its event, in memory of the instance */
  uint64_t held_at; /* the position of the first row of which a part is held */
} prefixed;

static tenon_status prefixed_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                 void **state, tenon_out *error) {
  (void)host;
  int64_t width = 4, max_length = (int64_t)16 << 20;
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("width", &width, 1, 4),
      TENON_CONFIG_INT("maxLength", &max_length, 1, (int64_t)1 << 30),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, 2, error);
  if (status != TENON_OK) return status;
  prefixed *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->width = width;
  self->max_length = max_length;
  self->held = tenon_memory();
  *state = self;
  return TENON_OK;
}

static void prefixed_drop(void *state) {
  prefixed *self = state;
  tenon_frame_free(&self->writer);
  free(self->held.data);
  free(self);
}

static uint64_t length_at(const uint8_t *bytes, int64_t width) {
  uint64_t length = 0;
  for (int64_t i = 0; i < width; i++) length = length << 8 | bytes[i];
  return length;
}

/* Returns how many bytes what is held lacks: first of the length, then of the event; 0 if it is complete. */
static size_t lacking(const prefixed *self) {
  const size_t width = (size_t)self->width, has = self->held.len;
  if (has < width) return width - has;
  return width + (size_t)length_at(self->held.data, self->width) - has;
}

/* Cuts one row. Positions are as in lines.c. */
static tenon_status cut(prefixed *self, tenon_bytes bytes, tenon_row row, const char **problem) {
  const bool piece = row.mark == TENON_FLOW_PIECE;
  const uint64_t end = row.position;
  const size_t width = (size_t)self->width;
  row.mark = TENON_FLOW_ROW;
  for (size_t from = 0; from < bytes.len;) {
    const size_t wanted = lacking(self), left = bytes.len - from, size = wanted < left ? wanted : left;
    if (self->held.len == 0) self->held_at = end;
    *problem = "no memory for the beginning of an event";
    if (tenon_write(&self->held, bytes.data + from, size) != TENON_OK) return TENON_NO_MEMORY;
    from += size;
    *problem = "an event is longer than maxLength";
    if (self->held.len == width && length_at(self->held.data, self->width) > (uint64_t)self->max_length)
      return TENON_INVALID;
    if (lacking(self) > 0) continue;
    row.position = piece ? end - (bytes.len - from) : end;
    tenon_frame_add(&self->writer, self->held.data + width, self->held.len - width);
    tenon_frame_end_row(&self->writer, &row);
    self->held.len = 0;
  }
  return TENON_OK;
}

static tenon_status prefixed_cut(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  prefixed *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    const char *problem;
    const tenon_status status = cut(self, tenon_frame_row(&frame, i), tenon_row_of(&frame, i), &problem);
    if (status != TENON_OK) return tenon_fail(out, status, problem);
  }
  return tenon_frame_end_held(&self->writer, self->held.len > 0 ? self->held_at : TENON_FLOW_NOWHERE);
}

/* The stream ended. Within an event that is a failure: its rest is missing. */
static tenon_status prefixed_cut_end(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  prefixed *self = state;
  (void)in;
  if (in_len != sizeof(uint64_t)) return tenon_fail(out, TENON_INVALID, "the input is not a stream");
  if (self->held.len > 0) return tenon_fail(out, TENON_INVALID, "the stream ends in the middle of an event");
  tenon_frame_begin(&self->writer, out);
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

static tenon_status prefixed_write(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  prefixed *self = state;
  tenon_frame frame;
  if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    const tenon_bytes bytes = tenon_frame_row(&frame, i);
    const tenon_row row = tenon_row_of(&frame, i);
    const uint8_t length[4] = {(uint8_t)(bytes.len >> 24), (uint8_t)(bytes.len >> 16),
                               (uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    if (bytes.len > (size_t)self->max_length || bytes.len >> (8 * self->width) != 0)
      return tenon_fail(out, TENON_INVALID, "an event is longer than maxLength, or than its length can say");
    tenon_frame_add(&self->writer, length + 4 - self->width, (size_t)self->width);
    tenon_frame_add(&self->writer, bytes.data, bytes.len);
    tenon_frame_end_row(&self->writer, &row);
  }
  return tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
}

static const void *prefixed_extension(const char *id) {
  static const preprocessor_1 before = {TENON_KIND_HEADER(preprocessor_1), prefixed_cut, prefixed_cut_end};
  static const postprocessor_1 after = {TENON_KIND_HEADER(postprocessor_1), prefixed_write, prefixed_cut_end};
  if (strcmp(id, PREPROCESSOR_1_ID) == 0) return &before;
  return strcmp(id, POSTPROCESSOR_1_ID) == 0 ? &after : NULL;
}

static tenon_status prefixed_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "use the kinds preprocessor/1 and postprocessor/1");
}

TENON_PLUGIN_WITH("length-prefixed", "1.0.0", PREPROCESSOR_1_KIND ";" POSTPROCESSOR_1_KIND,
                  TENON_DETERMINISTIC, prefixed_new, prefixed_drop, prefixed_something, prefixed_extension);
