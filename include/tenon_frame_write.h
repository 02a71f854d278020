/* tenon_frame_write.h - writes a frame of events row by row. Part of tenon_frame.h. */
#ifndef TENON_FRAME_WRITE_H
#define TENON_FRAME_WRITE_H

#include "tenon_frame_read.h"
#include "tenon_write.h"

/* The members of a row besides its bytes. */
typedef struct tenon_row {
  uint64_t stream, position, ingest_ns;
  uint32_t mark;  /* TENON_FLOW_ROW and so on */
  tenon_str meta; /* JSON, or nothing */
} tenon_row;

/* Returns the members of a row of a frame, for a row that is made of it. */
static inline tenon_row tenon_row_of(const tenon_frame *frame, uint32_t i) {
  tenon_row row = {tenon_frame_stream(frame, i), tenon_frame_position(frame, i), tenon_frame_ingest(frame, i),
                   tenon_frame_mark(frame, i), tenon_frame_meta(frame, i)};
  return row;
}

/* A row that was written, until the columns are. */
typedef struct tenon_frame_entry {
  uint64_t stream, position, ingest_ns;
  uint32_t end, meta_end; /* where its bytes and its metadata end */
  uint8_t mark;
} tenon_frame_entry;

/* A frame that is being written. It begins as zeros, and is used again and again. */
typedef struct tenon_frame_writer {
  tenon_out *out; /* code may append bytes of the present row here, too */
  size_t start;   /* where the frame begins in `out` */
  tenon_status status;
  const char *problem;
  uint32_t rows;
  bool streams, positions, ingest, marks; /* whether the column is needed */
  tenon_out entries, meta;                /* memory of the plugin, which is kept */
} tenon_frame_writer;

static inline void tenon_frame_fail(tenon_frame_writer *w, tenon_status status, const char *problem) {
  if (w->status != TENON_OK) return;
  w->status = status;
  w->problem = problem;
}

/* Begins a frame at the end of `out`. */
static inline void tenon_frame_begin(tenon_frame_writer *w, tenon_out *out) {
  if (w->entries.reserve == NULL) w->entries = w->meta = tenon_memory();
  w->entries.len = w->meta.len = 0;
  w->out = out;
  w->start = out->len;
  w->status = TENON_OK;
  w->rows = 0;
  w->streams = w->positions = w->ingest = w->marks = false;
  if (tenon_zeros(out, sizeof(tenon_events)) == NULL)
    tenon_frame_fail(w, TENON_NO_MEMORY, "no memory for a frame");
}

/* Frees the memory of a writer. */
static inline void tenon_frame_free(tenon_frame_writer *w) {
  free(w->entries.data);
  free(w->meta.data);
}

/* Returns the bytes of all rows so far, with those of the present row. */
static inline size_t tenon_frame_size(const tenon_frame_writer *w) {
  return w->status == TENON_OK ? w->out->len - w->start - sizeof(tenon_events) : 0;
}

/* Returns whether the credit of a pull has room for one more row of `size` bytes. The first row always fits. */
static inline bool tenon_frame_fits(const tenon_frame_writer *w, const tenon_credit *credit, size_t size) {
  if (w->rows == 0) return true;
  return w->status == TENON_OK && w->rows < credit->rows && tenon_frame_size(w) + size <= credit->bytes;
}

/* Appends bytes to the present row. */
static inline void tenon_frame_add(tenon_frame_writer *w, const void *bytes, size_t size) {
  if (w->status != TENON_OK) return;
  if (size > INT32_MAX - sizeof(tenon_events) - tenon_frame_size(w))
    tenon_frame_fail(w, TENON_FAILED, "the frame exceeds 2 GiB");
  else if (tenon_write(w->out, bytes, size) != TENON_OK)
    tenon_frame_fail(w, TENON_NO_MEMORY, "no memory for a frame");
}

/* Ends the present row, which has the bytes that were appended since the row before. */
static inline void tenon_frame_end_row(tenon_frame_writer *w, const tenon_row *row) {
  tenon_frame_entry entry, first;
  if (w->status == TENON_OK && tenon_write(&w->meta, row->meta.data, row->meta.len) != TENON_OK)
    tenon_frame_fail(w, TENON_NO_MEMORY, "no memory for the metadata of a frame");
  if (w->status != TENON_OK) return;
  memset(&entry, 0, sizeof entry);
  entry.stream = row->stream, entry.position = row->position, entry.ingest_ns = row->ingest_ns;
  entry.end = (uint32_t)tenon_frame_size(w), entry.meta_end = (uint32_t)w->meta.len;
  entry.mark = (uint8_t)row->mark;
  first = entry;
  if (w->rows > 0) memcpy(&first, w->entries.data, sizeof first);
  w->streams = w->streams || entry.stream != first.stream;
  w->positions = w->positions || entry.position != first.position + w->rows;
  w->ingest = w->ingest || entry.ingest_ns != first.ingest_ns;
  w->marks = w->marks || entry.mark != TENON_FLOW_ROW;
  if (tenon_write(&w->entries, &entry, sizeof entry) != TENON_OK)
    tenon_frame_fail(w, TENON_NO_MEMORY, "no memory for the columns of a frame");
  w->rows++;
}

/* Makes room for a column of `size` bytes. Returns its place in the frame; 0 if there is none. */
static inline uint32_t tenon_frame_column(tenon_frame_writer *w, bool wanted, uint64_t size) {
  if (!wanted || w->status != TENON_OK) return 0;
  const size_t length = w->out->len - w->start, padding = (8 - length % 8) % 8;
  if (length + padding + size > INT32_MAX) {
    tenon_frame_fail(w, TENON_FAILED, "the frame exceeds 2 GiB");
  } else if (tenon_zeros(w->out, padding + (size_t)size) == NULL) {
    tenon_frame_fail(w, TENON_NO_MEMORY, "no memory for the columns of a frame");
  }
  return w->status == TENON_OK ? (uint32_t)(length + padding) : 0;
}

/* Copies a member of all entries to the column at `at`. The bytes are behind `skip` other bytes of the column. */
static inline void tenon_frame_copy(tenon_frame_writer *w, uint32_t at, size_t skip, size_t member,
                                    size_t size) {
  if (at == 0 || w->status != TENON_OK) return;
  uint8_t *to = w->out->data + w->start + at + skip;
  const uint8_t *from = w->entries.data + member;
  for (uint32_t i = 0; i < w->rows; i++, to += size, from += sizeof(tenon_frame_entry)) {
    if (size == 8) memcpy(to, from, 8);
    if (size == 4) memcpy(to, from, 4);
    if (size == 1) *to = *from;
  }
}

static inline tenon_status tenon_frame_finish(tenon_frame_writer *w, uint32_t state, uint64_t held,
                                              uint64_t wake_ns) {
  const uint64_t rows = w->rows, bytes = tenon_frame_size(w);
  tenon_frame_entry first;
  memset(&first, 0, sizeof first);
  if (rows > 0 && w->status == TENON_OK) memcpy(&first, w->entries.data, sizeof first);
  tenon_events head;
  memset(&head, 0, sizeof head);
  head.size = sizeof head, head.rows = w->rows, head.state = state;
  head.data = bytes > 0 ? sizeof head : 0;
  head.offsets = tenon_frame_column(w, rows > 0, (rows + 1) * 4);
  head.streams = tenon_frame_column(w, w->streams, rows * 8);
  head.positions = tenon_frame_column(w, w->positions, rows * 8);
  head.ingest = tenon_frame_column(w, w->ingest, rows * 8);
  head.marks = tenon_frame_column(w, w->marks, rows);
  head.meta_offsets = tenon_frame_column(w, w->meta.len > 0, (rows + 1) * 4);
  head.meta = tenon_frame_column(w, w->meta.len > 0, w->meta.len);
  (void)tenon_frame_column(w, true, 0); /* a frame ends at a multiple of 8 */
  if (w->status != TENON_OK) return tenon_fail(w->out, w->status, w->problem);
  tenon_frame_copy(w, head.offsets, 4, offsetof(tenon_frame_entry, end), 4);
  tenon_frame_copy(w, head.streams, 0, offsetof(tenon_frame_entry, stream), 8);
  tenon_frame_copy(w, head.positions, 0, offsetof(tenon_frame_entry, position), 8);
  tenon_frame_copy(w, head.ingest, 0, offsetof(tenon_frame_entry, ingest_ns), 8);
  tenon_frame_copy(w, head.marks, 0, offsetof(tenon_frame_entry, mark), 1);
  tenon_frame_copy(w, head.meta_offsets, 4, offsetof(tenon_frame_entry, meta_end), 4);
  uint8_t *frame = w->out->data + w->start;
  if (head.meta != 0) memcpy(frame + head.meta, w->meta.data, w->meta.len);
  head.length = (uint32_t)(w->out->len - w->start);
  head.stream = first.stream, head.position = first.position, head.ingest_ns = first.ingest_ns;
  head.held = held, head.wake_ns = wake_ns;
  memcpy(frame, &head, sizeof head);
  return TENON_OK;
}

/* Ends the frame of a source. `wake_ns` is for TENON_FLOW_IDLE. Returns the first failure, whose message is then the
 * output. */
static inline tenon_status tenon_frame_end(tenon_frame_writer *w, uint32_t state, uint64_t wake_ns) {
  return tenon_frame_finish(w, state, TENON_FLOW_NOWHERE, wake_ns);
}

/* Ends the frame of a stage, which holds input from position `held` on, or TENON_FLOW_NOWHERE. */
static inline tenon_status tenon_frame_end_held(tenon_frame_writer *w, uint64_t held) {
  return tenon_frame_finish(w, TENON_FLOW_MORE, held, 0);
}

#endif /* TENON_FRAME_WRITE_H */
