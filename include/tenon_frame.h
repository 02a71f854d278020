/* tenon_frame.h - reads and writes the frames of tenon_flow.h, for connectors and stages in C and C++.
 *
 * READING. tenon_frame_read checks a frame as a whole: every column is inside the frame, and no row is outside its
 * column. The other functions then read rows without further checks. A frame may be at any address.
 *
 *     tenon_frame frame;
 *     if (tenon_frame_read(&frame, in, in_len, out) != TENON_OK) return TENON_INVALID;
 *     for (uint32_t i = 0; i < frame.head.rows; i++) use(tenon_frame_row(&frame, i), tenon_frame_position(&frame, i));
 *
 * WRITING. The bytes of rows go directly into the output. The columns are collected in memory of the writer, which is
 * kept for the next frame. So a writer belongs to an instance: it begins as zeros, and `drop` frees it.
 *
 *     tenon_frame_begin(&self->writer, out);
 *     tenon_frame_add(&self->writer, bytes, size);           // the bytes of a row, in one or more parts
 *     tenon_row row = {0, position, tenon_now_ns(), TENON_FLOW_ROW, {NULL, 0}};
 *     tenon_frame_end_row(&self->writer, &row);
 *     return tenon_frame_end(&self->writer, TENON_FLOW_IDLE, wake_ns);
 *
 * Columns whose values follow from the head are left out. A writer keeps its first failure, does nothing from then on,
 * and the function that ends the frame returns it.
 *
 * Compiles as C11 and newer, and as C++11 and newer. */
#ifndef TENON_FRAME_H
#define TENON_FRAME_H

#include <time.h>

#include "tenon_frame_read.h"
#include "tenon_frame_write.h"

/* Returns the present time as frames have it: nanoseconds since 1970. */
static inline uint64_t tenon_now_ns(void) {
  struct timespec now = {0, 0};
  (void)timespec_get(&now, TIME_UTC);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- The small structs ---- */

/* Reads the input of `pull`. Returns whether it is valid. */
static inline bool tenon_credit_read(tenon_credit *credit, const uint8_t *in, size_t in_len) {
  if (in_len != sizeof *credit) return false;
  memcpy(credit, in, sizeof *credit);
  return credit->rows > 0 && credit->bytes > 0;
}

/* Reads the next struct of an array: the tenon_resume of `connect`, the tenon_contra of `contraflow`. Begin with `*at`
 * 0. Returns false at the end, and for a rest that is too short. */
static inline bool tenon_resume_next(tenon_resume *resume, const uint8_t *in, size_t in_len, size_t *at) {
  if (in_len - *at < sizeof *resume) return false;
  memcpy(resume, in + *at, sizeof *resume);
  *at += sizeof *resume;
  return true;
}
static inline bool tenon_contra_next(tenon_contra *contra, const uint8_t *in, size_t in_len, size_t *at) {
  if (in_len - *at < sizeof *contra) return false;
  memcpy(contra, in + *at, sizeof *contra);
  *at += sizeof *contra;
  return true;
}

/* Returns whether the input of `contraflow` is valid and contains a message of this kind. */
static inline bool tenon_contra_has(uint32_t what, const uint8_t *in, size_t in_len) {
  tenon_contra contra;
  for (size_t at = 0; tenon_contra_next(&contra, in, in_len, &at);)
    if (contra.what == what) return true;
  return false;
}

/* Writes the output of `connect`. */
static inline tenon_status tenon_connected_write(tenon_out *out, uint32_t flags) {
  tenon_connected connected = {sizeof connected, flags};
  return tenon_write(out, &connected, sizeof connected);
}

#endif /* TENON_FRAME_H */
