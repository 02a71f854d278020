/* find.c - one search with strings in and a list out, in three forms: a method of the kind `text/1`, a function that
 * takes and returns JSON (`something`), and an exported C function with a struct. */
#include <stdio.h>

#include "tenon_json.h"
#include "text.kind.h"

enum { MOST = 3 };

typedef struct bench_found {
  uint32_t total, count;
  text_hit hits[MOST];
  char first[64];
} bench_found;

/* Finds the needle in one line of text. */
static void find(const char *text, size_t text_len, const char *needle, size_t needle_len, uint32_t limit,
                 bench_found *found) {
  found->total = found->count = 0;
  for (size_t at = 0; needle_len > 0 && at + needle_len <= text_len; at++) {
    if (text[at] != needle[0] || memcmp(text + at, needle, needle_len) != 0) continue;
    found->total++;
    if (found->count < limit && found->count < MOST)
      found->hits[found->count++] = (text_hit){(uint32_t)at, 1};
    at += needle_len - 1;
  }
  size_t length = found->total == 0 ? 0 : text_len;
  if (length >= sizeof found->first) length = sizeof found->first - 1;
  memcpy(found->first, text, length);
  found->first[length] = 0;
}

TENON_EXPORT void bench_find(const char *text, const char *needle, uint32_t limit, bench_found *found) {
  find(text, strlen(text), needle, strlen(needle), limit, found);
}

static tenon_status typed(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  text_find_in a;
  tenon_status status = text_find_read(in, in_len, &a, out);
  if (status != TENON_OK) return status;
  bench_found found;
  find(a.text.data, a.text.len, a.needle.data, a.needle.len, a.limit.some ? a.limit.value : MOST, &found);
  text_find_out result = {found.total, {0}, {found.first, (uint32_t)strlen(found.first)}};
  result.hits.items = found.hits;
  result.hits.len = found.count;
  return text_find_write(out, &result);
}

static tenon_status json(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  tenon_json given, member;
  char text[256], needle[64], answer[512];
  size_t text_len, needle_len, at;
  int64_t limit = MOST;
  if (!tenon_json_parse(in, in_len, &given, &at) || !tenon_json_member(given, "text", &member) ||
      !tenon_json_string(member, text, sizeof text, &text_len) ||
      !tenon_json_member(given, "needle", &member) ||
      !tenon_json_string(member, needle, sizeof needle, &needle_len) ||
      !tenon_json_member(given, "limit", &member) || !tenon_json_int(member, &limit))
    return tenon_fail(out, TENON_INVALID, "expected text, needle and limit");
  bench_found found;
  find(text, text_len, needle, needle_len, (uint32_t)limit, &found);
  int length = snprintf(answer, sizeof answer, "{\"total\":%u,\"hits\":[", found.total);
  for (uint32_t i = 0; i < found.count; i++)
    length += snprintf(answer + length, sizeof answer - (size_t)length, "%s{\"at\":%u,\"line\":%u}",
                       i == 0 ? "" : ",", found.hits[i].at, found.hits[i].line);
  /* The text of the benchmark needs no escapes. */
  length += snprintf(answer + length, sizeof answer - (size_t)length, "],\"first\":\"%s\"}", found.first);
  return tenon_write(out, answer, (size_t)length);
}

/* Only `find` is called. */
static const text_1 methods = {TENON_KIND_HEADER(text_1), typed, typed, typed, typed, typed};

static const void *extension(const char *id) {
  return strcmp(id, TEXT_1_ID) == 0 ? &methods : NULL;
}

TENON_PLUGIN_WITH("find", "1.0.0", TEXT_1_KIND, TENON_THREAD_SAFE, tenon_new_nothing, tenon_drop_nothing,
                  json, extension);
