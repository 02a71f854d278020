/* text - searches text. A plugin with strings, a list, a cursor and an event, through the kind of text.kind.h.
 *
 * KIND    text/1.1.0; `something` is not supported.
 * CONFIG  none. */
#include <stdio.h>

#include "text.kind.h"

TEXT_1_FACTS;

enum { PROGRESS = 1 << 20 /* bytes between two events */ };

/* A string whose lines are being read. It is a copy, because an input is borrowed until its call returns. */
typedef struct cursor {
  struct cursor *next;
  uint64_t id;
  size_t len, at;
  char text[];
} cursor;

typedef struct text {
  const tenon_host *host;
  cursor *cursors;
  uint64_t last_id;
} text;

static tenon_status text_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                             tenon_out *error) {
  (void)config, (void)config_len;
  text *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  *state = self;
  return TENON_OK;
}

/* Frees the cursors that the host did not close. */
static void text_drop(void *state) {
  text *self = state;
  while (self->cursors != NULL) {
    cursor *one = self->cursors;
    self->cursors = one->next;
    free(one);
  }
  free(self);
}

/* Returns the end of the line that begins at `at`: its newline, or the end of the text. */
static size_t line_end(const char *data, size_t len, size_t at) {
  const char *newline = at < len ? memchr(data + at, '\n', len - at) : NULL;
  return newline == NULL ? len : (size_t)(newline - data);
}

/* Returns the next place of the needle, or `len`. */
static size_t next_place(tenon_str in, tenon_str needle, size_t at) {
  while (needle.len <= in.len - at) {
    const char *first = memchr(in.data + at, needle.data[0], in.len - at - needle.len + 1);
    if (first == NULL) break;
    at = (size_t)(first - in.data);
    if (memcmp(first, needle.data, needle.len) == 0) return at;
    at++;
  }
  return in.len;
}

/* A search: the line at its position, and the events that were emitted. */
typedef struct search {
  uint32_t line;
  size_t line_begin, counted, emitted;
} search;

/* Counts the lines up to `at`, and reports the progress. */
static void advance(const text *self, search *search, tenon_str in, size_t at) {
  for (; at - search->emitted >= PROGRESS; search->emitted += PROGRESS) {
    text_progress progress = {search->emitted + PROGRESS, in.len};
    (void)text_progress_emit(self->host, &progress); /* a host that does not keep up misses some */
  }
  for (size_t end; (end = line_end(in.data, at, search->counted)) < at; search->counted = end + 1) {
    search->line++;
    search->line_begin = end + 1;
  }
  search->counted = at;
}

static tenon_status text_find(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  text_find_in arguments;
  tenon_status status = text_find_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  const tenon_str given = arguments.text, needle = arguments.needle;
  if (needle.len == 0) return tenon_fail(out, TENON_INVALID, "needle must not be empty");

  tenon_writer writer;
  text_find_out_writer result = text_find_begin(&writer, out);
  text_hit_list_writer hits = text_find_out_begin_hits(result);
  const uint32_t limit = arguments.limit.some ? arguments.limit.value : UINT32_MAX;
  search search = {1, 0, 0, 0};
  tenon_str first = {given.data, 0};
  uint32_t total = 0;
  for (size_t at = 0; (at = next_place(given, needle, at)) < given.len; at += needle.len) {
    advance(state, &search, given, at);
    if (total == 0) {
      first.data = given.data + search.line_begin;
      first.len = line_end(given.data, given.len, at) - search.line_begin;
    }
    if (total++ >= limit) continue;
    text_hit hit = {(uint32_t)at, search.line};
    text_hit_list_push(&hits, hit);
  }
  advance(state, &search, given, given.len);
  text_find_out_set_first(result, first);
  text_find_out_set_total(result, total);
  return tenon_end(&writer);
}

static int is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static tenon_status text_count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  text_count_in arguments;
  tenon_status status = text_count_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  text_count_out result = {0};
  int inside = 0;
  for (size_t i = 0; i < arguments.text.len; i++) {
    const int space = is_space(arguments.text.data[i]);
    result.words += !space && !inside;
    inside = !space;
  }
  return text_count_write(out, &result);
}

static tenon_status text_lines_open(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  text *self = state;
  text_lines_open_in arguments;
  tenon_status status = text_lines_open_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  cursor *one = malloc(sizeof *one + arguments.text.len);
  if (one == NULL) return tenon_fail(out, TENON_NO_MEMORY, "no memory for a copy of the text");
  one->next = self->cursors;
  one->id = ++self->last_id;
  one->len = arguments.text.len;
  one->at = 0;
  if (one->len > 0) memcpy(one->text, arguments.text.data, one->len);
  self->cursors = one;
  text_lines_open_out result = {one->id};
  return text_lines_open_write(out, &result);
}

/* Returns the place that refers to the cursor, so that it can be unlinked; it refers to NULL if there is none. */
static cursor **find_cursor(text *self, uint64_t id) {
  cursor **place = &self->cursors;
  while (*place != NULL && (*place)->id != id) place = &(*place)->next;
  return place;
}

static tenon_status no_cursor(uint64_t id, tenon_out *out) {
  char message[40];
  (void)snprintf(message, sizeof message, "no cursor %llu", (unsigned long long)id);
  return tenon_fail(out, TENON_INVALID, message);
}

static tenon_status text_lines_next(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  text_lines_next_in arguments;
  tenon_status status = text_lines_next_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  cursor *one = *find_cursor(state, arguments.cursor);
  if (one == NULL) return no_cursor(arguments.cursor, out);

  enum { MOST = 4096 };
  const uint32_t max = arguments.max < MOST ? arguments.max : MOST;
  tenon_writer writer;
  text_lines_next_out_writer result = text_lines_next_begin(&writer, out);
  text_lines_item_list_writer items = text_lines_next_out_begin_items(result, max);
  for (uint32_t i = 0; i < max && one->at < one->len; i++) {
    const size_t end = line_end(one->text, one->len, one->at);
    text_lines_item item = {one->at, {one->text + one->at, end - one->at}};
    text_lines_item_list_push(&items, item);
    one->at = end + 1;
  }
  text_lines_next_out_set_done(result, one->at >= one->len);
  return tenon_end(&writer);
}

static tenon_status text_lines_close(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  text_lines_close_in arguments;
  tenon_status status = text_lines_close_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  cursor **place = find_cursor(state, arguments.cursor);
  if (*place == NULL) return no_cursor(arguments.cursor, out);
  cursor *one = *place;
  *place = one->next;
  free(one);
  return TENON_OK;
}

static tenon_status text_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "text has only the methods of its kind " TEXT_1_KIND);
}

static const void *text_extension(const char *id) {
  static const text_1 table = {TENON_KIND_HEADER(text_1), text_find,        text_lines_open,
                               text_lines_next,           text_lines_close, text_count};
  return strcmp(id, TEXT_1_ID) == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH("text", "1.0.0", TEXT_1_KIND, TENON_DETERMINISTIC, text_new, text_drop, text_something,
                  text_extension);
