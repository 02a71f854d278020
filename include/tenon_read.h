/* tenon_read.h - views, and the checks of a message that is read. Part of tenon_record.h. */
#ifndef TENON_READ_H
#define TENON_READ_H

#include <stdbool.h>

#include "tenon.h"
#if defined(__cplusplus) && (__cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L))
#define TENON_STRING_VIEW 1 /* strings convert to std::string_view */
#include <string_view>
#endif

/* ---- Views ---- */

/* A string: UTF-8 of `len` bytes. It may contain NUL and does not end with one. */
typedef struct tenon_str {
  const char *data;
  size_t len;
#ifdef TENON_STRING_VIEW
  operator std::string_view() const {
    return std::string_view(data, len);
  }
#endif
} tenon_str;

/* Any bytes. */
typedef struct tenon_bytes {
  const uint8_t *data;
  size_t len;
} tenon_bytes;

/* Returns a view of a NUL-terminated string. */
static inline tenon_str tenon_str_of(const char *text) {
  tenon_str view = {text, strlen(text)};
  return view;
}

/* Returns whether a string equals a NUL-terminated one. */
static inline bool tenon_str_is(tenon_str view, const char *text) {
  return view.len == strlen(text) && (view.len == 0 || memcmp(view.data, text, view.len) == 0);
}

/* ---- Checking a message ---- */

typedef struct tenon_span {
  uint32_t at, len;
} tenon_span;

/* A message that is being checked. */
typedef struct tenon_reader {
  const uint8_t *data;
  size_t size;
  size_t end;          /* the end of the span before; for the first span, that of the fixed part */
  const char *field;   /* the field that is wrong */
  const char *problem; /* why; NULL while nothing is */
} tenon_reader;

static inline bool tenon_wrong(tenon_reader *r, const char *field, const char *problem) {
  r->field = field;
  r->problem = problem;
  return false;
}

/* Begins to check a message whose fixed part has `fixed` bytes. Without spans, the message is its fixed part. */
static inline bool tenon_reader_begin(tenon_reader *r, const uint8_t *in, size_t in_len, size_t fixed,
                                      bool has_spans) {
  r->data = in;
  r->size = in_len;
  r->end = fixed;
  r->problem = NULL;
  if (in_len < fixed) return tenon_wrong(r, "the record", "is too short");
  return in_len == fixed || has_spans || tenon_wrong(r, "the record", "is too long");
}

/* Writes the message of a failed check. The method then returns TENON_INVALID. */
static inline void tenon_refuse(const tenon_reader *r, const char *method, tenon_out *error) {
  error->len = 0;
  if (tenon_write(error, method, strlen(method)) != TENON_OK || tenon_write(error, ": ", 2) != TENON_OK ||
      tenon_write(error, r->field, strlen(r->field)) != TENON_OK || tenon_write(error, " ", 1) != TENON_OK ||
      tenon_write(error, r->problem, strlen(r->problem)) != TENON_OK)
    error->len = 0;
}

/* Checks the span at `at` of elements of `size` bytes, and copies it to `span`. */
static inline bool tenon_span_check(tenon_reader *r, size_t at, size_t size, size_t align, const char *field,
                                    tenon_span *span) {
  memcpy(span, r->data + at, sizeof *span);
  if (span->len == 0) return span->at == 0 || tenon_wrong(r, field, "is empty and must begin at 0");
  if (span->at % align != 0) return tenon_wrong(r, field, "is not aligned");
  if (span->at < r->end) return tenon_wrong(r, field, "begins before the end of the field before it");
  uint64_t end = span->at + (uint64_t)span->len * size;
  if (end > r->size) return tenon_wrong(r, field, "ends outside the message");
  r->end = (size_t)end;
  return true;
}

/* Returns the length of the UTF-8 sequence at `s`, of which at most `n` bytes may be read, or 0. */
static inline size_t tenon_utf8_sequence(const uint8_t *s, size_t n) {
  uint8_t c = s[0];
  if (c < 0x80) return 1;
  size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
  if (c < 0xC2 || c > 0xF4 || length > n) return 0;
  /* Shortest form, no surrogates, nothing above U+10FFFF: all three show in the second byte. */
  uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
  uint8_t high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
  if (s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  return length;
}

/* Returns whether bytes are UTF-8 without surrogates. */
static inline bool tenon_is_utf8(const uint8_t *s, size_t n) {
  size_t i = 0;
  while (i < n) {
    uint64_t four[4];
    while (n - i >= sizeof four) {
      memcpy(four, s + i, sizeof four);
      if (((four[0] | four[1] | four[2] | four[3]) & UINT64_C(0x8080808080808080)) != 0) break;
      i += sizeof four;
    }
    for (size_t stop = n - i > sizeof four ? i + sizeof four : n; i < stop;) {
      size_t length = tenon_utf8_sequence(s + i, n - i);
      if (length == 0) return false;
      i += length;
    }
  }
  return true;
}

static inline bool tenon_str_check(tenon_reader *r, size_t at, const char *field) {
  tenon_span span;
  if (!tenon_span_check(r, at, 1, 1, field, &span)) return false;
  return tenon_is_utf8(r->data + span.at, span.len) || tenon_wrong(r, field, "is not UTF-8");
}

static inline bool tenon_bytes_check(tenon_reader *r, size_t at, const char *field) {
  tenon_span span;
  return tenon_span_check(r, at, 1, 1, field, &span);
}

static inline bool tenon_bool_check(tenon_reader *r, size_t at, const char *field) {
  return r->data[at] <= 1 || tenon_wrong(r, field, "has a bool that is neither 0 nor 1");
}

/* Checks a `bool[count]`. */
static inline bool tenon_bools_check(tenon_reader *r, size_t at, size_t count, const char *field) {
  for (size_t i = 0; i < count; i++)
    if (!tenon_bool_check(r, at + i, field)) return false;
  return true;
}

/* Returns the number at `at`, which may be unaligned in memory. */
static inline uint32_t tenon_word(const uint8_t *message, size_t at) {
  uint32_t value;
  memcpy(&value, message + at, sizeof value);
  return value;
}

/* Checks a closed enum. */
static inline bool tenon_enum_check(tenon_reader *r, size_t at, uint32_t members, const char *field) {
  return tenon_word(r->data, at) < members || tenon_wrong(r, field, "is not a member of its enum");
}

/* Checks closed flags. */
static inline bool tenon_flags_check(tenon_reader *r, size_t at, uint32_t known, const char *field) {
  return (tenon_word(r->data, at) & ~known) == 0 || tenon_wrong(r, field, "has an unknown flag");
}

/* Checks the span of a union's value, which has `size` bytes. */
static inline bool tenon_union_check(tenon_reader *r, size_t at, size_t size, size_t align, const char *field,
                                     tenon_span *span) {
  if (!tenon_span_check(r, at, 1, align, field, span)) return false;
  return span->len == size || tenon_wrong(r, field, "has a value of the wrong size");
}

#endif /* TENON_READ_H */
