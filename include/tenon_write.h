/* tenon_write.h - writes a message: a fixed part, then a tail in the order of its spans. Part of tenon_record.h. */
#ifndef TENON_WRITE_H
#define TENON_WRITE_H

#include <stdlib.h>

#include "tenon_read.h"

/* ---- Writing a message ---- */

/* Appends `n` zero bytes to an output. Returns their place, or NULL if there is no memory. */
static inline uint8_t *tenon_zeros(tenon_out *out, size_t n) {
  if (n > out->capacity - out->len && out->reserve(out, n) != TENON_OK) return NULL;
  uint8_t *to = out->data + out->len;
  memset(to, 0, n);
  out->len += n;
  return to;
}

/* The most lists and unions within each other, with the record around them. */
#define TENON_BLOCKS 12

/* A fixed part that is being written: of the record, of a list's elements, or of a union's value. */
typedef struct tenon_block {
  uint32_t begin, end;
  uint32_t next; /* the spans below are written, or can no longer be */
} tenon_block;

/* A message that is being written. */
typedef struct tenon_writer {
  tenon_out *out;
  size_t start; /* where the message begins in `out` */
  tenon_status status;
  const char *problem;
  uint32_t depth;
  tenon_block blocks[TENON_BLOCKS];
} tenon_writer;

static inline void tenon_writer_fail(tenon_writer *w, tenon_status status, const char *problem) {
  if (w->status != TENON_OK) return;
  w->status = status;
  w->problem = problem;
}

/* The place of an offset in memory, until the next `reserve`. */
static inline uint8_t *tenon_place(const tenon_writer *w, size_t at) {
  return w->out->data + w->start + at;
}

/* Appends `n` bytes to the tail, aligned, and returns their offset. They are zero, or a copy of `bytes`. */
static inline uint32_t tenon_append(tenon_writer *w, const void *bytes, uint64_t n, size_t align) {
  if (w->status != TENON_OK) return 0;
  tenon_out *out = w->out;
  size_t length = out->len - w->start;
  size_t gap = (align - length % align) % align;
  if (n > UINT32_MAX || length + gap + n > UINT32_MAX) {
    tenon_writer_fail(w, TENON_FAILED, "the record exceeds 4 GiB");
    return 0;
  }
  size_t more = gap + (size_t)n;
  if (more == 0) return (uint32_t)length;
  if (more > out->capacity - out->len && out->reserve(out, more) != TENON_OK) {
    tenon_writer_fail(w, TENON_NO_MEMORY, "no memory for the record");
    return 0;
  }
  uint8_t *to = out->data + out->len;
  memset(to, 0, bytes == NULL ? more : gap);
  if (bytes != NULL && n != 0) memcpy(to + gap, bytes, (size_t)n);
  out->len += more;
  return (uint32_t)(length + gap);
}

static inline void tenon_block_begin(tenon_writer *w, uint32_t begin, uint64_t size) {
  if (w->status != TENON_OK) return;
  if (w->depth == TENON_BLOCKS) {
    tenon_writer_fail(w, TENON_FAILED, "the record is nested too deeply");
    return;
  }
  tenon_block block = {begin, (uint32_t)(begin + size), begin};
  w->blocks[w->depth++] = block;
}

/* Begins a message whose fixed part has `fixed` bytes. */
static inline void tenon_writer_begin(tenon_writer *w, tenon_out *out, size_t fixed) {
  w->out = out;
  w->start = out->len;
  w->status = TENON_OK;
  w->problem = NULL;
  w->depth = 0;
  (void)tenon_append(w, NULL, fixed, 1);
  tenon_block_begin(w, 0, fixed);
}

/* Ends a message. Returns TENON_OK, or the first failure, whose message is then the output. */
static inline tenon_status tenon_end(tenon_writer *w) {
  return w->status == TENON_OK ? TENON_OK : tenon_fail(w->out, w->status, w->problem);
}

/* Claims the span at `at`. Tails are in the order of the spans, so no span may be written before it. */
static inline bool tenon_claim(tenon_writer *w, size_t at) {
  if (w->status != TENON_OK) return false;
  while (w->depth > 1 && (at < w->blocks[w->depth - 1].begin || at >= w->blocks[w->depth - 1].end))
    w->depth--;
  tenon_block *block = &w->blocks[w->depth - 1];
  if (at < block->next || at >= block->end) {
    tenon_writer_fail(w, TENON_FAILED,
                      "fields of variable length must be written once, in the order of their declaration");
    return false;
  }
  block->next = (uint32_t)at + 1;
  return true;
}

static inline void tenon_span_set(tenon_writer *w, size_t at, uint32_t to, uint32_t len) {
  if (w->status != TENON_OK || len == 0) return;
  tenon_span span = {to, len};
  memcpy(tenon_place(w, at), &span, sizeof span);
}

static inline void tenon_bytes_put(tenon_writer *w, size_t at, const tenon_bytes *value) {
  if (!tenon_claim(w, at) || value->len == 0) return;
  uint32_t to = tenon_append(w, value->data, value->len, 1);
  tenon_span_set(w, at, to, (uint32_t)value->len);
}

static inline void tenon_str_put(tenon_writer *w, size_t at, const tenon_str *value) {
  tenon_bytes bytes = {(const uint8_t *)value->data, value->len};
  tenon_bytes_put(w, at, &bytes);
}

/* Writes the member and the span of a union, and returns the offset of its value of `size` bytes. */
static inline uint32_t tenon_union_put(tenon_writer *w, size_t at, uint32_t tag, size_t size, size_t align) {
  if (!tenon_claim(w, at + 4)) return 0;
  memcpy(tenon_place(w, at), &tag, sizeof tag);
  if (size == 0) return 0;
  uint32_t to = tenon_append(w, NULL, size, align);
  tenon_span_set(w, at + 4, to, (uint32_t)size);
  tenon_block_begin(w, to, size);
  return to;
}

/* ---- Writing a list element by element ---- */

/* A list that is being written. */
typedef struct tenon_items {
  tenon_writer *w;
  size_t at; /* of its span */
  uint32_t first, count, max;
} tenon_items;

/* Begins a list whose elements have no spans. They are appended one by one. */
static inline tenon_items tenon_items_begin(tenon_writer *w, size_t at) {
  tenon_items items = {w, at, 0, 0, UINT32_MAX};
  (void)tenon_claim(w, at);
  return items;
}

/* Begins a list of at most `max` elements, for which it makes room, because their tails follow them all. */
static inline tenon_items tenon_items_begin_max(tenon_writer *w, size_t at, uint32_t max, size_t size,
                                                size_t align) {
  tenon_items items = {w, at, 0, 0, max};
  if (!tenon_claim(w, at) || max == 0) return items;
  items.first = tenon_append(w, NULL, (uint64_t)max * size, align);
  tenon_block_begin(w, items.first, (uint64_t)max * size);
  return items;
}

/* Adds an element to a list of tenon_items_begin_max, and returns its offset. */
static inline size_t tenon_items_next(tenon_items *items, size_t size) {
  tenon_writer *w = items->w;
  if (w->status == TENON_OK && items->count == items->max)
    tenon_writer_fail(w, TENON_FAILED, "a list has more elements than were announced");
  if (w->status != TENON_OK) return 0;
  size_t at = items->first + (size_t)items->count++ * size;
  tenon_span_set(w, items->at, items->first, items->count);
  return at;
}

/* Appends an element of `size` zero bytes to a list of tenon_items_begin. Returns its place, or NULL. */
static inline uint8_t *tenon_items_append(tenon_items *items, size_t size, size_t align) {
  tenon_writer *w = items->w;
  uint32_t to = tenon_append(w, NULL, size, items->count == 0 ? align : 1);
  if (w->status != TENON_OK) return NULL;
  if (items->count == 0) items->first = to;
  if (to != items->first + (uint64_t)items->count * size) {
    tenon_writer_fail(w, TENON_FAILED, "elements were added to a list after the field behind it was written");
    return NULL;
  }
  items->count++;
  tenon_span_set(w, items->at, items->first, items->count);
  return tenon_place(w, to);
}

/* ---- Output in the plugin's own memory, for events ---- */

static inline tenon_status tenon_memory_reserve(tenon_out *out, size_t additional) {
  size_t needed = out->len + additional;
  if (needed < additional) return TENON_NO_MEMORY;
  size_t capacity = needed < out->capacity + out->capacity / 2 ? out->capacity + out->capacity / 2 : needed;
  uint8_t *data = (uint8_t *)realloc(out->data, capacity);
  if (data == NULL) return TENON_NO_MEMORY;
  out->data = data;
  out->capacity = capacity;
  return TENON_OK;
}

/* Returns an empty output. Pass its `data` to free() in the end. */
static inline tenon_out tenon_memory(void) {
  tenon_out out = {NULL, 0, 0, tenon_memory_reserve};
  return out;
}

#endif /* TENON_WRITE_H */
