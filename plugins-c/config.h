/* config.h - reads the config of an example plugin: a flat JSON object of whole numbers and fixed words.
 *
 * A host passes any JSON to `new`. A plugin that needs more than a few numbers uses a JSON library; these
 * examples show that a simple one does not need it. Input that is not understood is refused with a message
 * and never ignored, because a misspelt key that silently does nothing costs its user an afternoon. */
#ifndef TENON_EXAMPLE_CONFIG_H
#define TENON_EXAMPLE_CONFIG_H

#include <stdio.h>

#include "tenon.h"

/* One key that a plugin understands. `*value` holds the default before config_read and the value after it. */
typedef struct config_field {
  const char *key;
  const char *word; /* NULL for a whole number; otherwise the accepted string, which sets `*value` to 1 */
  int64_t min, max; /* bounds of the number, inclusive */
  int64_t *value;
} config_field;

typedef struct config_text {
  const char *at, *end;
} config_text;

static inline tenon_status config_refuse(tenon_out *error, const char *what, const char *text,
                                         size_t length) {
  char message[160];
  int shown = length > 40 ? 40 : (int)length;
  (void)snprintf(message, sizeof message, "config: %s '%.*s'", what, shown, text);
  /* A cut at a byte count can split a character, and a message must be UTF-8. */
  for (char *c = message; *c != 0; c++) {
    if ((unsigned char)*c >= 0x80) *c = '?';
  }
  return tenon_fail(error, TENON_INVALID, message);
}

/* Skips white space. Consumes `c` and returns 1 if it is next. */
static inline int config_take(config_text *text, char c) {
  while (text->at < text->end && memchr(" \t\r\n", *text->at, 4) != NULL) text->at++;
  if (text->at == text->end || *text->at != c) return 0;
  text->at++;
  return 1;
}

/* Reads a string without escapes, because no key or word of the examples needs one. */
static inline int config_string(config_text *text, const char **string, size_t *length) {
  if (!config_take(text, '"')) return 0;
  *string = text->at;
  while (text->at < text->end && *text->at != '"' && *text->at != '\\') text->at++;
  *length = (size_t)(text->at - *string);
  return config_take(text, '"');
}

static inline int config_equals(const char *string, size_t length, const char *expected) {
  return strlen(expected) == length && memcmp(string, expected, length) == 0;
}

/* Reads a whole number. Stops early at more digits than any bound has, so that nothing overflows. */
static inline int config_number(config_text *text, int64_t *number) {
  int negative = config_take(text, '-');
  const char *first = text->at;
  int64_t value = 0;
  while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
    if (text->at - first == 17) return 0;
    value = value * 10 + (*text->at++ - '0');
  }
  *number = negative ? -value : value;
  int zero_led = text->at - first > 1 && *first == '0';
  int goes_on = text->at < text->end && memchr(".eE", *text->at, 3) != NULL;
  return text->at != first && !zero_led && !goes_on;
}

static inline int config_value(config_text *text, const config_field *field) {
  int64_t number;
  const char *word;
  size_t length;
  if (field->word != NULL) {
    if (!config_string(text, &word, &length) || !config_equals(word, length, field->word)) return 0;
    *field->value = 1;
    return 1;
  }
  if (!config_number(text, &number) || number < field->min || number > field->max) return 0;
  *field->value = number;
  return 1;
}

static inline tenon_status config_member(config_text *text, const config_field *fields, size_t count,
                                         tenon_out *error) {
  const char *key, *start = text->at;
  size_t length;
  if (!config_string(text, &key, &length) || !config_take(text, ':')) {
    return config_refuse(error, "expected \"key\": value at", start, (size_t)(text->end - start));
  }
  for (size_t i = 0; i < count; i++) {
    if (!config_equals(key, length, fields[i].key)) continue;
    start = text->at;
    if (config_value(text, &fields[i])) return TENON_OK;
    char what[96];
    if (fields[i].word != NULL) {
      (void)snprintf(what, sizeof what, "\"%s\" must be \"%s\", not", fields[i].key, fields[i].word);
    } else {
      (void)snprintf(what, sizeof what, "\"%s\" must be a whole number from %lld to %lld, not", fields[i].key,
                     (long long)fields[i].min, (long long)fields[i].max);
    }
    return config_refuse(error, what, start, (size_t)(text->end - start));
  }
  return config_refuse(error, "unknown key", key, length);
}

/* Reads `config` into `fields`. An empty config and `null` leave all defaults. Returns TENON_INVALID with a
 * message in `error` for anything else that is not valid. */
static inline tenon_status config_read(const uint8_t *config, size_t config_len, const config_field *fields,
                                       size_t count, tenon_out *error) {
  if (config_len == 0) return TENON_OK;
  config_text text = {(const char *)config, (const char *)config + config_len};
  if (config_equals(text.at, config_len, "null")) return TENON_OK;
  if (!config_take(&text, '{'))
    return config_refuse(error, "expected an object, not", text.at, (size_t)(text.end - text.at));
  if (!config_take(&text, '}')) {
    do {
      tenon_status status = config_member(&text, fields, count, error);
      if (status != TENON_OK) return status;
    } while (config_take(&text, ','));
    if (!config_take(&text, '}')) {
      return config_refuse(error, "expected } at", text.at, (size_t)(text.end - text.at));
    }
  }
  (void)config_take(&text, ' '); /* skips the white space after the object */
  if (text.at != text.end) {
    return config_refuse(error, "unexpected text after the object", text.at, (size_t)(text.end - text.at));
  }
  return TENON_OK;
}

#endif /* TENON_EXAMPLE_CONFIG_H */
