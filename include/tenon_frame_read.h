/* tenon_frame_read.h - checks a frame of events, and reads its rows. Part of tenon_frame.h. */
#ifndef TENON_FRAME_READ_H
#define TENON_FRAME_READ_H

#include "tenon_flow.h"
#include "tenon_read.h"

/* A frame that was checked. It is valid as long as its bytes: in a method, until it returns. */
typedef struct tenon_frame {
  const uint8_t *bytes;
  tenon_events head; /* a copy */
} tenon_frame;

static inline int32_t tenon_frame_int(const tenon_frame *frame, uint32_t column, uint32_t i) {
  int32_t value;
  memcpy(&value, frame->bytes + column + (size_t)i * sizeof value, sizeof value);
  return value;
}

static inline uint64_t tenon_frame_long(const tenon_frame *frame, uint32_t column, uint32_t i) {
  uint64_t value;
  memcpy(&value, frame->bytes + column + (size_t)i * sizeof value, sizeof value);
  return value;
}

/* Returns whether a column is absent or inside the frame. */
static inline bool tenon_frame_has(const tenon_events *head, uint32_t at, uint64_t size) {
  return at == 0 || (at >= head->size && at % 8 == 0 && at + size <= head->length);
}

/* Checks a column of offsets and the bytes that they refer to. */
static inline const char *tenon_frame_check_bytes(const tenon_frame *frame, uint32_t offsets, uint32_t data) {
  const int32_t first = tenon_frame_int(frame, offsets, 0);
  int32_t last = first;
  if (first < 0) return "an offset is negative";
  for (uint32_t i = 1; i <= frame->head.rows; i++) {
    const int32_t next = tenon_frame_int(frame, offsets, i);
    if (next < last) return "its offsets decrease";
    last = next;
  }
  if (data == 0 && last > first) return "it has rows with bytes, and no column for them";
  return tenon_frame_has(&frame->head, data, (uint64_t)last) ? NULL : "its rows end outside of it";
}

static inline const char *tenon_frame_check_marks(const tenon_frame *frame) {
  const tenon_events *head = &frame->head;
  for (uint32_t i = 0; head->marks != 0 && i < head->rows; i++) {
    const uint8_t mark = frame->bytes[head->marks + i];
    if (mark == TENON_FLOW_ROW || mark == TENON_FLOW_PIECE) continue;
    if (mark != TENON_FLOW_END && mark != TENON_FLOW_BROKEN) return "it has an unknown mark";
    if (tenon_frame_int(frame, head->offsets, i) != tenon_frame_int(frame, head->offsets, i + 1))
      return "a row that ends its stream has bytes";
  }
  return NULL;
}

/* Returns what is wrong with a frame, or NULL. */
static inline const char *tenon_frame_problem(tenon_frame *frame, const uint8_t *in, size_t in_len) {
  tenon_events *head = &frame->head;
  if (in_len < sizeof *head) return "it is too short";
  frame->bytes = in;
  memcpy(head, in, sizeof *head);
  if (head->length != in_len || in_len > INT32_MAX) return "its length is wrong";
  if (head->size < sizeof *head || head->size > head->length) return "the size of its head is wrong";
  const uint64_t rows = head->rows, longs = rows * 8;
  if (rows > 0 && head->offsets == 0) return "it has rows, and no offsets";
  if (!tenon_frame_has(head, head->offsets, (rows + 1) * 4) || !tenon_frame_has(head, head->streams, longs) ||
      !tenon_frame_has(head, head->positions, longs) || !tenon_frame_has(head, head->ingest, longs) ||
      !tenon_frame_has(head, head->marks, rows) || !tenon_frame_has(head, head->meta_offsets, (rows + 1) * 4))
    return "a column is outside of it";
  if (head->state > TENON_FLOW_DONE) return "its state is unknown";
  if (head->positions == 0 && head->position > UINT64_MAX - rows) return "its positions are too large";
  const char *problem = NULL;
  if (head->offsets != 0) problem = tenon_frame_check_bytes(frame, head->offsets, head->data);
  if (problem == NULL && head->meta_offsets != 0)
    problem = tenon_frame_check_bytes(frame, head->meta_offsets, head->meta);
  return problem != NULL ? problem : tenon_frame_check_marks(frame);
}

/* Checks a frame, and returns TENON_OK, or TENON_INVALID with a message in `error`. The metadata is not parsed. */
static inline tenon_status tenon_frame_read(tenon_frame *frame, const uint8_t *in, size_t in_len,
                                            tenon_out *error) {
  const char *problem = tenon_frame_problem(frame, in, in_len);
  if (problem == NULL) return TENON_OK;
  error->len = 0;
  (void)tenon_write(error, "the input is not a frame: ", 26);
  (void)tenon_write(error, problem, strlen(problem));
  return TENON_INVALID;
}

/* The bytes of rows from `first` to before `end`, which follow each other. */
static inline tenon_bytes tenon_frame_rows(const tenon_frame *frame, uint32_t first, uint32_t end) {
  tenon_bytes all = {NULL, 0};
  if (first >= end || frame->head.data == 0) return all;
  const int32_t from = tenon_frame_int(frame, frame->head.offsets, first);
  all.data = frame->bytes + frame->head.data + from;
  all.len = (size_t)(tenon_frame_int(frame, frame->head.offsets, end) - from);
  return all;
}

/* The members of row `i`, which must be below `head.rows`. */
static inline tenon_bytes tenon_frame_row(const tenon_frame *frame, uint32_t i) {
  return tenon_frame_rows(frame, i, i + 1);
}
static inline uint64_t tenon_frame_stream(const tenon_frame *frame, uint32_t i) {
  return frame->head.streams == 0 ? frame->head.stream : tenon_frame_long(frame, frame->head.streams, i);
}
static inline uint64_t tenon_frame_position(const tenon_frame *frame, uint32_t i) {
  return frame->head.positions == 0 ? frame->head.position + i
                                    : tenon_frame_long(frame, frame->head.positions, i);
}
static inline uint64_t tenon_frame_ingest(const tenon_frame *frame, uint32_t i) {
  return frame->head.ingest == 0 ? frame->head.ingest_ns : tenon_frame_long(frame, frame->head.ingest, i);
}
static inline uint8_t tenon_frame_mark(const tenon_frame *frame, uint32_t i) {
  return frame->head.marks == 0 ? (uint8_t)TENON_FLOW_ROW : frame->bytes[frame->head.marks + i];
}
static inline tenon_str tenon_frame_meta(const tenon_frame *frame, uint32_t i) {
  tenon_str meta = {NULL, 0};
  if (frame->head.meta_offsets == 0 || frame->head.meta == 0) return meta;
  const int32_t from = tenon_frame_int(frame, frame->head.meta_offsets, i);
  meta.data = (const char *)frame->bytes + frame->head.meta + from;
  meta.len = (size_t)(tenon_frame_int(frame, frame->head.meta_offsets, i + 1) - from);
  return meta;
}

#endif /* TENON_FRAME_READ_H */
