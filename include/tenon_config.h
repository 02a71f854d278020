/* tenon_config.h - reads the config of a plugin: a JSON object, described by a table.
 *
 * Everything that is not in the table is refused with a message that says what was expected, because a misspelled
 * key that silently does nothing costs its user an afternoon:
 *
 *     int64_t level = 6;
 *     char name[32] = "default";
 *     const tenon_config_field fields[] = {
 *         TENON_CONFIG_INT("level", &level, 0, 9),
 *         TENON_CONFIG_STRING("name", name),
 *     };
 *     tenon_status status = tenon_config_read(config, config_len, fields, 2, error);
 *
 * Nested values are of type TENON_CONFIG_JSON, and are read by tenon_json.h.
 *
 * Compiles as C11 and newer, and as C++11 and newer. */
#ifndef TENON_CONFIG_H
#define TENON_CONFIG_H

#include <stdio.h>

#include "tenon_json.h"

/* One key that a plugin understands. The macros below make it. `value` keeps its default if the key is absent. */
typedef struct tenon_config_field {
  const char *key;
  char type;
  int64_t min, max;
  const char *words;
  void *value;
} tenon_config_field;

/* clang-format off */
/* A whole number of type int64_t, a number of type double, and a bool. */
#define TENON_CONFIG_INT(KEY, VALUE, MIN, MAX) {KEY, 'i', MIN, MAX, NULL, VALUE}
#define TENON_CONFIG_NUMBER(KEY, VALUE) {KEY, 'd', 0, 0, NULL, VALUE}
#define TENON_CONFIG_BOOL(KEY, VALUE) {KEY, 'b', 0, 0, NULL, VALUE}
/* A string in an array of char, which must have room for it and a NUL. It may not contain NUL. */
#define TENON_CONFIG_STRING(KEY, ARRAY) {KEY, '"', 0, (int64_t)sizeof(ARRAY) - 1, NULL, ARRAY}
/* One of the strings of "one|other": `value` is an int, the index of the string. */
#define TENON_CONFIG_WORD(KEY, VALUE, WORDS) {KEY, 'w', 0, 0, WORDS, VALUE}
/* Any value, as a tenon_json. */
#define TENON_CONFIG_JSON(KEY, VALUE) {KEY, '*', 0, 0, NULL, VALUE}
/* clang-format on */

static inline tenon_status tenon_config_refuse(tenon_out *error, const char *what, const char *text,
                                               size_t length) {
  char message[256];
  int shown = length > 40 ? 40 : (int)length;
  (void)snprintf(message, sizeof message, "config: %s '%.*s'", what, shown, text);
  /* A cut at a byte count can split a character, and a message must be UTF-8. */
  for (char *c = message; *c != 0; c++)
    if ((unsigned char)*c >= 0x80) *c = '?';
  return tenon_fail(error, TENON_INVALID, message);
}

static inline bool tenon_config_word(const tenon_config_field *field, tenon_json value) {
  char word[64];
  int index = 0;
  for (const char *at = field->words; *at != 0; index++) {
    size_t length = strcspn(at, "|");
    (void)snprintf(word, sizeof word, "%.*s", (int)length, at);
    if (tenon_json_is(value, word)) {
      *(int *)field->value = index;
      return true;
    }
    at += length + (at[length] == '|');
  }
  return false;
}

static inline bool tenon_config_value(const tenon_config_field *field, tenon_json value) {
  int64_t number;
  size_t len;
  switch (field->type) {
    case 'i':
      if (!tenon_json_int(value, &number) || number < field->min || number > field->max) return false;
      *(int64_t *)field->value = number;
      return true;
    case 'd':
      return tenon_json_number(value, (double *)field->value);
    case 'b':
      return tenon_json_bool(value, (bool *)field->value);
    case '"':
      /* NUL bytes are refused, because the array does not say where its string ends. */
      return tenon_json_string(value, (char *)field->value, (size_t)field->max + 1, &len) &&
             memchr(field->value, 0, len) == NULL;
    case 'w':
      return tenon_config_word(field, value);
    default:
      *(tenon_json *)field->value = value;
      return true;
  }
}

/* Describes what a key needs. */
static inline void tenon_config_expected(const tenon_config_field *field, char *what, size_t size) {
  const char *key = field->key;
  const long long min = field->min, max = field->max;
  if (field->type == 'i') {
    (void)snprintf(what, size, "\"%s\" must be a whole number from %lld to %lld, not", key, min, max);
  } else if (field->type == '"') {
    (void)snprintf(what, size, "\"%s\" must be a string of at most %lld bytes, not", key, max);
  } else if (field->type == 'w') {
    int used = snprintf(what, size, "\"%s\" must be ", key);
    for (const char *at = field->words; *at != 0 && used > 0 && (size_t)used < size;) {
      int length = (int)strcspn(at, "|");
      used += snprintf(what + used, size - (size_t)used, "%s\"%.*s\"", at == field->words ? "" : " or ",
                       length, at);
      at += length + (at[length] == '|');
    }
    if (used > 0 && (size_t)used < size) (void)snprintf(what + used, size - (size_t)used, ", not");
  } else {
    (void)snprintf(what, size, "\"%s\" must be %s, not", key,
                   field->type == 'b' ? "true or false" : "a number");
  }
}

/* Reads a config. An empty one and `null` leave all defaults. Returns TENON_INVALID with a message in `error` for
 * anything that the table does not describe. */
static inline tenon_status tenon_config_read(const uint8_t *config, size_t config_len,
                                             const tenon_config_field *fields, size_t count,
                                             tenon_out *error) {
  const char *text = config_len == 0 ? "null" : (const char *)config;
  const size_t length = config_len == 0 ? 4 : config_len;
  tenon_json object, key, value;
  size_t wrong;
  if (!tenon_json_parse(text, length, &object, &wrong))
    return tenon_config_refuse(error, "is not JSON at", text + wrong, length - wrong);
  if (tenon_json_type(object) == 'n') return TENON_OK;
  if (tenon_json_type(object) != '{')
    return tenon_config_refuse(error, "expected an object, not", object.text, object.len);
  for (size_t position = 0; tenon_json_next(object, &position, &key, &value);) {
    size_t i = 0;
    while (i < count && !tenon_json_is(key, fields[i].key)) i++;
    if (i == count) return tenon_config_refuse(error, "unknown key", key.text + 1, key.len - 2);
    if (tenon_config_value(&fields[i], value)) continue;
    char what[192];
    tenon_config_expected(&fields[i], what, sizeof what);
    return tenon_config_refuse(error, what, value.text, value.len);
  }
  return TENON_OK;
}

#endif /* TENON_CONFIG_H */
