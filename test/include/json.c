/* Reads strings from standard input, { uint32_t length; bytes }, and writes for each a line: the value in a form of
 * its own, or "no" and the offset. Each text is memory of exactly its size. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenon_json.h"

static void print_string(tenon_json value) {
  size_t capacity = value.len + 1, len = 0;
  char *buffer = malloc(capacity);
  if (buffer == NULL || !tenon_json_string(value, buffer, capacity, &len)) abort();
  if (tenon_json_string(value, buffer, len, &len)) abort(); /* no room for the NUL */
  if (!tenon_json_string(value, buffer, len + 1, &len)) abort();
  putchar('"');
  for (size_t i = 0; i < len; i++) printf("%02x", (unsigned)(uint8_t)buffer[i]);
  putchar('"');
  free(buffer);
}

static void print(tenon_json value) {
  tenon_json key, inner;
  bool truth = false;
  int64_t whole;
  double number;
  const char type = tenon_json_type(value);
  switch (type) {
    case 'b':
      if (!tenon_json_bool(value, &truth)) abort();
      printf(truth ? "t" : "f");
      return;
    case '"':
      print_string(value);
      return;
    case '0':
      if (tenon_json_int(value, &whole)) {
        printf("=%" PRId64, whole);
      } else if (tenon_json_number(value, &number)) {
        printf("=%.17g", number);
      } else {
        printf("long");
      }
      return;
    case '[':
    case '{':
      putchar(type);
      for (size_t position = 0; tenon_json_next(value, &position, &key, &inner);) {
        if (type == '{') print_string(key);
        print(inner);
        putchar(',');
      }
      putchar('.');
      return;
    default:
      putchar('n');
  }
}

int main(void) {
  uint32_t length;
  while (fread(&length, sizeof length, 1, stdin) == 1) {
    char *text = malloc(length == 0 ? 1 : length);
    if (text == NULL || fread(text, 1, length, stdin) != length) return 1;
    tenon_json value;
    size_t at;
    if (tenon_json_parse(length == 0 ? NULL : text, length, &value, &at)) {
      print(value);
    } else if (at <= length) {
      printf("no");
    }
    putchar('\n');
    free(text);
  }
  return 0;
}
