/* Reads messages from standard input: the kind and the length, both uint32_t, then the bytes. Passes each to the
 * function of its kind, and writes the result: the status, the length and the bytes. Inputs and outputs are memory of
 * exactly their size, and every `reserve` moves the output, so that a sanitizer notices each wrong access. */
#include <stdio.h>

#include "tenon_record.h"

typedef tenon_status (*round_trip)(const uint8_t *in, size_t in_len, tenon_out *out);
extern const round_trip round_trips[];

static tenon_status reserve(tenon_out *out, size_t additional) {
  size_t capacity = out->len + additional;
  uint8_t *data = (uint8_t *)malloc(capacity);
  if (data == NULL) abort();
  memset(data, 0xA5, capacity);
  if (out->len != 0) memcpy(data, out->data, out->len);
  free(out->data);
  out->data = data;
  out->capacity = capacity;
  return TENON_OK;
}

int main(void) {
  uint32_t head[2];
  while (fread(head, sizeof head, 1, stdin) == 1) {
    uint8_t *in = (uint8_t *)malloc(head[1] == 0 ? 1 : head[1]);
    if (in == NULL || fread(in, 1, head[1], stdin) != head[1]) return 1;
    tenon_out out = {NULL, 0, 0, reserve};
    uint32_t answer[2];
    answer[0] = (uint32_t)round_trips[head[0]](in, head[1], &out);
    answer[1] = (uint32_t)out.len;
    free(in);
    if (fwrite(answer, sizeof answer, 1, stdout) != 1) return 1;
    if (out.len != 0 && fwrite(out.data, 1, out.len, stdout) != out.len) return 1;
    free(out.data);
  }
  return 0;
}
