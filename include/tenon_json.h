/* tenon_json.h - reads JSON without allocations and copies. Flat configs: see tenon_config.h.
 *
 * tenon_json_parse checks a string and returns its value. Values are views of the string. The other functions take such
 * values, and return false if a value is of another type.
 *
 * Compiles as C11 and newer, and as C++11 and newer. */
#ifndef TENON_JSON_H
#define TENON_JSON_H

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tenon.h"

/* A value: a part of the text, which tenon_json_parse has checked. */
typedef struct tenon_json {
  const char *text;
  size_t len;
} tenon_json;

/* The most arrays and objects within each other. */
#define TENON_JSON_DEPTH 64

/* ---- Checking the text ---- */

typedef struct tenon_json_scan {
  const char *at, *end;
  int depth;
} tenon_json_scan;

static inline void tenon_json_space(tenon_json_scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) s->at++;
}

/* Consumes `c` and the white space before it, if it is next. */
static inline bool tenon_json_take(tenon_json_scan *s, char c) {
  tenon_json_space(s);
  if (s->at == s->end || *s->at != c) return false;
  s->at++;
  return true;
}

/* Reads four hexadecimal digits. Returns -1 if there are none. */
static inline int32_t tenon_json_hex(const char *at, const char *end) {
  int32_t value = 0;
  if (end - at < 4) return -1;
  for (int i = 0; i < 4; i++) {
    char c = at[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* Reads the character of an escape behind its backslash, and moves `*at` behind it. Returns -1 if there is none. */
static inline int32_t tenon_json_escape(const char **at, const char *end) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (*at == end) return -1;
  const char *simple = **at == 0 ? NULL : strchr(from, **at);
  if (simple != NULL) {
    ++*at;
    return to[simple - from];
  }
  if (*(*at)++ != 'u') return -1;
  int32_t high = tenon_json_hex(*at, end);
  if (high < 0 || (high >= 0xDC00 && high < 0xE000)) return -1;
  *at += 4;
  if (high < 0xD800 || high >= 0xE000) return high;
  int32_t low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? tenon_json_hex(*at + 2, end) : -1;
  if (low < 0xDC00 || low >= 0xE000) return -1;
  *at += 6;
  return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
}

/* Returns the length of the UTF-8 sequence at `at`, or 0. */
static inline size_t tenon_json_utf8(const char *at, const char *end) {
  const uint8_t *s = (const uint8_t *)at;
  size_t length = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
  if (length == 0 || (size_t)(end - at) < length) return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) return 0;
  if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) return 0;
  return length;
}

static inline bool tenon_json_scan_string(tenon_json_scan *s) {
  if (!tenon_json_take(s, '"')) return false;
  while (s->at < s->end) {
    uint8_t c = (uint8_t)*s->at;
    if (c < 0x20) return false;
    if (c == '"') {
      s->at++;
      return true;
    }
    if (c == '\\') {
      const char *at = s->at + 1;
      if (tenon_json_escape(&at, s->end) < 0) return false;
      s->at = at;
    } else {
      size_t length = tenon_json_utf8(s->at, s->end);
      if (length == 0) return false;
      s->at += length;
    }
  }
  return false;
}

static inline size_t tenon_json_digits(tenon_json_scan *s) {
  const char *first = s->at;
  while (s->at < s->end && *s->at >= '0' && *s->at <= '9') s->at++;
  return (size_t)(s->at - first);
}

static inline bool tenon_json_scan_number(tenon_json_scan *s) {
  if (s->at < s->end && *s->at == '-') s->at++;
  const char *first = s->at;
  size_t digits = tenon_json_digits(s);
  if (digits == 0 || (digits > 1 && *first == '0')) return false;
  if (s->at < s->end && *s->at == '.') {
    s->at++;
    if (tenon_json_digits(s) == 0) return false;
  }
  if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
    s->at++;
    if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
    if (tenon_json_digits(s) == 0) return false;
  }
  return true;
}

static inline bool tenon_json_scan_word(tenon_json_scan *s, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) return false;
  s->at += length;
  return true;
}

static inline bool tenon_json_scan_value(tenon_json_scan *s);

/* Scans the inside of an array or object, and the bracket that closes it. */
static inline bool tenon_json_scan_inside(tenon_json_scan *s, bool object) {
  const char close = object ? '}' : ']';
  if (++s->depth > TENON_JSON_DEPTH) return false;
  if (!tenon_json_take(s, close)) {
    do {
      if (object && (!tenon_json_scan_string(s) || !tenon_json_take(s, ':'))) return false;
      if (!tenon_json_scan_value(s)) return false;
    } while (tenon_json_take(s, ','));
    if (!tenon_json_take(s, close)) return false;
  }
  s->depth--;
  return true;
}

static inline bool tenon_json_scan_value(tenon_json_scan *s) {
  tenon_json_space(s);
  if (s->at == s->end) return false;
  switch (*s->at) {
    case '{':
    case '[':
      return tenon_json_scan_inside(s, *s->at++ == '{');
    case '"':
      return tenon_json_scan_string(s);
    case 't':
      return tenon_json_scan_word(s, "true");
    case 'f':
      return tenon_json_scan_word(s, "false");
    case 'n':
      return tenon_json_scan_word(s, "null");
    default:
      return tenon_json_scan_number(s);
  }
}

/* Checks a string and returns its value. If it is not JSON, `*at` is the offset at which it is wrong. Depth is
 * limited to TENON_JSON_DEPTH, and lone surrogates are refused. */
static inline bool tenon_json_parse(const void *text, size_t len, tenon_json *value, size_t *at) {
  const char *begin = len == 0 ? "" : (const char *)text;
  tenon_json_scan s = {begin, begin + len, 0};
  tenon_json_space(&s);
  value->text = s.at;
  bool good = tenon_json_scan_value(&s);
  value->len = (size_t)(s.at - value->text);
  if (good) tenon_json_space(&s);
  *at = (size_t)(s.at - begin);
  return good && s.at == s.end;
}

/* ---- Reading values ---- */

/* Returns the type: one of `n`ull, `b`ool, `0` (a number), `"`, `[` and `{`. */
static inline char tenon_json_type(tenon_json value) {
  char c = value.text[0];
  return c == 't' || c == 'f' ? 'b' : c == '-' || (c >= '0' && c <= '9') ? '0' : c;
}

/* Returns the next element of an array, or the next member of an object with its key, which is a string. Begin
 * with `*position` 0. Returns false at the end. */
static inline bool tenon_json_next(tenon_json container, size_t *position, tenon_json *key,
                                   tenon_json *value) {
  const bool object = container.text[0] == '{';
  if (!object && container.text[0] != '[') return false;
  tenon_json_scan s = {container.text + (*position == 0 ? 1 : *position), container.text + container.len, 0};
  if (tenon_json_take(&s, object ? '}' : ']')) return false;
  if (*position != 0) (void)tenon_json_take(&s, ',');
  tenon_json_space(&s);
  key->text = s.at;
  if (object) (void)tenon_json_scan_string(&s);
  key->len = (size_t)(s.at - key->text);
  if (object) (void)tenon_json_take(&s, ':');
  tenon_json_space(&s);
  value->text = s.at;
  if (!tenon_json_scan_value(&s)) return false;
  value->len = (size_t)(s.at - value->text);
  *position = (size_t)(s.at - container.text);
  return true;
}

/* Copies a string, decoded, to `buffer` with a NUL behind it. Returns false if it is not a string, or does not
 * fit. `*len` is its length, because a string may contain NUL itself. */
static inline bool tenon_json_string(tenon_json value, char *buffer, size_t capacity, size_t *len) {
  if (value.text[0] != '"') return false;
  const char *at = value.text + 1, *end = value.text + value.len - 1;
  size_t n = 0;
  while (at < end) {
    char bytes[4];
    size_t length = 1;
    if (*at != '\\') {
      bytes[0] = *at++;
    } else {
      at++;
      int32_t c = tenon_json_escape(&at, end);
      length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      static const int lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
      for (size_t i = length; i-- > 1; c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3F));
      bytes[0] = (char)(lead[length] | c);
    }
    if (n + length >= capacity) return false;
    memcpy(buffer + n, bytes, length);
    n += length;
  }
  if (capacity == 0) return false;
  buffer[n] = 0;
  *len = n;
  return true;
}

/* Returns whether a value is the string `expected`, which has at most 255 bytes. */
static inline bool tenon_json_is(tenon_json value, const char *expected) {
  char buffer[256];
  size_t len;
  return tenon_json_string(value, buffer, sizeof buffer, &len) && len == strlen(expected) &&
         memcmp(buffer, expected, len) == 0;
}

static inline bool tenon_json_bool(tenon_json value, bool *result) {
  if (tenon_json_type(value) != 'b') return false;
  *result = value.text[0] == 't';
  return true;
}

/* Reads a whole number, written without fraction and exponent, that fits. */
static inline bool tenon_json_int(tenon_json value, int64_t *result) {
  if (tenon_json_type(value) != '0') return false;
  const bool negative = value.text[0] == '-';
  const uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  uint64_t n = 0;
  for (size_t i = negative; i < value.len; i++) {
    if (value.text[i] < '0' || value.text[i] > '9') return false;
    const uint64_t digit = (uint64_t)(value.text[i] - '0');
    if (n > (most - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *result = negative ? (n == most ? INT64_MIN : -(int64_t)n) : (int64_t)n;
  return true;
}

/* Reads a number of at most 127 characters. */
static inline bool tenon_json_number(tenon_json value, double *result) {
  char buffer[128];
  if (tenon_json_type(value) != '0' || value.len >= sizeof buffer) return false;
  memcpy(buffer, value.text, value.len);
  buffer[value.len] = 0;
  char *point = strchr(buffer, '.'); /* strtod uses the one of the locale */
  if (point != NULL) *point = localeconv()->decimal_point[0];
  *result = strtod(buffer, NULL);
  return true;
}

/* Returns a member of an object by its key. */
static inline bool tenon_json_member(tenon_json object, const char *key, tenon_json *value) {
  tenon_json found;
  if (object.text[0] != '{') return false;
  for (size_t position = 0; tenon_json_next(object, &position, &found, value);)
    if (tenon_json_is(found, key)) return true;
  return false;
}

#endif /* TENON_JSON_H */
