/* flow.c - a source and a stage of flows with at most one fault, selected by TRIP. */
#include "tenon_frame.h"

#define TRIP_CLOSED                 1 /* pulls without a connection */
#define TRIP_HOSTILE_FRAMES         2 /* does not look at the length that a frame states */
#define TRIP_HOSTILE_FRAMES_OUTSIDE 3 /* reads rows of a frame that it has not checked */
#define TRIP_FRAMES                 4 /* returns a row more than the credit has */
#define TRIP_FRAMES_BYTES           5 /* ignores the bytes of the credit */
#define TRIP_FRAMES_POSITION        6 /* gives all rows of a frame one position */
#define TRIP_FRAMES_STAGE           7 /* states a wrong length */
#define TRIP_SOUND                  8

typedef struct flow {
  bool connected, draining;
  uint64_t at;
  tenon_frame_writer writer;
} flow;

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = calloc(1, sizeof(flow));
  return *state != NULL ? TENON_OK : tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
}

static void drop(void *state) {
  tenon_frame_free(&((flow *)state)->writer);
  free(state);
}

/* ---- The source ---- */

static tenon_status connect_source(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  flow *self = state;
  tenon_resume resume;
  if (in_len % sizeof resume != 0) return tenon_fail(out, TENON_INVALID, "the input is not a tenon_resume[]");
  self->at = 0;
  for (size_t i = 0; tenon_resume_next(&resume, in, in_len, &i);)
    if (resume.stream == 0) self->at = resume.position;
  self->connected = true;
  return tenon_connected_write(out, TENON_FLOW_REPLAYS);
}

/* Whether a frame has room for one more row of `size` bytes, with a fault or without. */
static bool fits(const flow *self, const tenon_credit *credit, size_t size) {
#if TRIP == TRIP_FRAMES
  return self->writer.rows <= credit->rows && tenon_frame_size(&self->writer) + size < 30;
#elif TRIP == TRIP_FRAMES_BYTES
  (void)size;
  return self->writer.rows < credit->rows;
#else
  return tenon_frame_fits(&self->writer, credit, size);
#endif
}

static tenon_status pull(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  static const char text[] = "thirty bytes, or a little more";
  flow *self = state;
  tenon_credit credit;
#if TRIP != TRIP_CLOSED
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
#endif
  if (!tenon_credit_read(&credit, in, in_len))
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_credit");
  const size_t size = TRIP == TRIP_FRAMES ? 10 : sizeof text - 1;
  tenon_row row = {0, 0, tenon_now_ns(), TENON_FLOW_ROW, {NULL, 0}};
  tenon_frame_begin(&self->writer, out);
  for (uint64_t i = 0; i < 10 && self->at < 100 && fits(self, &credit, size); i++) {
    row.position = ++self->at;
    if (TRIP == TRIP_FRAMES_POSITION && i > 0) row.position = self->at - i;
    tenon_frame_add(&self->writer, text, size);
    tenon_frame_end_row(&self->writer, &row);
  }
  const bool done = self->draining || self->at == 100;
  return tenon_frame_end(&self->writer, done ? TENON_FLOW_DONE : TENON_FLOW_MORE, 0);
}

static tenon_status contraflow(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  flow *self = state;
  if (!self->connected) return tenon_fail(out, TENON_CLOSED, "not connected");
  if (in_len % sizeof(tenon_contra) != 0)
    return tenon_fail(out, TENON_INVALID, "the input is not a tenon_contra[]");
  self->draining = self->draining || tenon_contra_has(TENON_FLOW_DRAIN, in, in_len);
  return TENON_OK;
}

/* ---- The stage, which passes its input on ---- */

/* Reads a frame, with a fault or without. */
static tenon_status read_frame(tenon_frame *frame, const uint8_t *in, size_t in_len, tenon_out *out) {
#if TRIP == TRIP_HOSTILE_FRAMES
  uint8_t *copy = malloc(in_len + 1);
  if (copy == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a frame");
  const uint32_t length = (uint32_t)in_len;
  if (in_len > 0) memcpy(copy, in, in_len);
  if (in_len >= sizeof(tenon_events)) memcpy(copy + offsetof(tenon_events, length), &length, sizeof length);
  const char *problem = tenon_frame_problem(frame, copy, in_len);
  free(copy);
  frame->bytes = in;
  return problem == NULL ? TENON_OK : tenon_fail(out, TENON_INVALID, problem);
#elif TRIP == TRIP_HOSTILE_FRAMES_OUTSIDE
  if (tenon_frame_read(frame, in, in_len, out) == TENON_OK) return TENON_OK;
  const tenon_events *head = &frame->head;
  if (in_len < sizeof *head || head->length != in_len || head->rows > 100 || head->data < UINT32_MAX - 7)
    return TENON_INVALID;
  return TENON_OK;
#else
  return tenon_frame_read(frame, in, in_len, out);
#endif
}

static tenon_status process(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  flow *self = state;
  tenon_frame frame;
  const tenon_status status = read_frame(&frame, in, in_len, out);
  if (status != TENON_OK) return status;
  tenon_frame_begin(&self->writer, out);
  for (uint32_t i = 0; i < frame.head.rows; i++) {
    const tenon_bytes bytes = tenon_frame_row(&frame, i);
    const tenon_row row = tenon_row_of(&frame, i);
    tenon_frame_add(&self->writer, bytes.data, bytes.len);
    tenon_frame_end_row(&self->writer, &row);
  }
  const tenon_status ended = tenon_frame_end_held(&self->writer, TENON_FLOW_NOWHERE);
#if TRIP == TRIP_FRAMES_STAGE
  if (ended == TENON_OK && frame.head.rows > 0) out->data[offsetof(tenon_events, length)]++;
#endif
  return ended;
}

static tenon_status finish(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in;
  if (in_len != sizeof(uint64_t)) return tenon_fail(out, TENON_INVALID, "the input is not a stream");
  tenon_frame_begin(&((flow *)state)->writer, out);
  return tenon_frame_end_held(&((flow *)state)->writer, TENON_FLOW_NOWHERE);
}

static const void *extension(const char *id) {
  static const source_1 source = {TENON_KIND_HEADER(source_1), connect_source, pull, contraflow};
  static const preprocessor_1 stage = {TENON_KIND_HEADER(preprocessor_1), process, finish};
  if (strcmp(id, "source/1") == 0) return &source;
  return strcmp(id, "preprocessor/1") == 0 ? &stage : NULL;
}

static tenon_status something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "source/1.0.0;preprocessor/1.0.0", 0, make, drop, something, extension);
