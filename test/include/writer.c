/* Tries the writers of tenon_write.h with the kind `text`: what they refuse, and outputs whose memory moves or runs
 * out. Writes a list with fewer elements than were announced to standard output. */
#include <stdio.h>

#include "../../plugins-c/text.kind.h"

#define REQUIRE(condition)                                    \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      exit(1);                                                \
    }                                                         \
  } while (0)

static int reserves_left;

/* Moves the memory each time, has no byte to spare, and fails when its number of calls is used up. */
static tenon_status reserve(tenon_out *out, size_t additional) {
  if (reserves_left-- == 0) return TENON_NO_MEMORY;
  uint8_t *data = malloc(out->len + additional);
  if (data == NULL) abort();
  if (out->len != 0) memcpy(data, out->data, out->len);
  free(out->data);
  out->data = data;
  out->capacity = out->len + additional;
  return TENON_OK;
}

static tenon_out moving(int reserves) {
  tenon_out out = {NULL, 0, 0, reserve};
  reserves_left = reserves;
  return out;
}

static bool ends_with(tenon_writer *w, tenon_status status, const char *message) {
  const bool good = tenon_end(w) == status && w->out->len == strlen(message) &&
                    memcmp(w->out->data, message, strlen(message)) == 0;
  free(w->out->data);
  return good;
}

static const char order[] =
    "fields of variable length must be written once, in the order of their declaration";

static void fields_in_the_wrong_order(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_find_out_writer r = text_find_begin(&w, &out);
  text_find_out_set_first(r, tenon_str_of("line"));
  text_hit_list_writer hits = text_find_out_begin_hits(r);
  text_hit hit = {1, 2};
  text_hit_list_push(&hits, hit);
  REQUIRE(ends_with(&w, TENON_FAILED, order));
}

static void a_field_twice(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_find_out_writer r = text_find_begin(&w, &out);
  text_find_out_set_first(r, tenon_str_of("line"));
  text_find_out_set_first(r, tenon_str_of("line"));
  REQUIRE(ends_with(&w, TENON_FAILED, order));
}

static void an_element_behind_a_later_field(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_find_out_writer r = text_find_begin(&w, &out);
  text_hit_list_writer hits = text_find_out_begin_hits(r);
  text_hit hit = {1, 2};
  text_hit_list_push(&hits, hit);
  text_find_out_set_first(r, tenon_str_of("line"));
  text_hit_list_push(&hits, hit);
  REQUIRE(ends_with(&w, TENON_FAILED, "elements were added to a list after the field behind it was written"));
}

static void more_elements_than_announced(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_lines_next_out_writer r = text_lines_next_begin(&w, &out);
  text_lines_item_list_writer items = text_lines_next_out_begin_items(r, 1);
  text_lines_item item = {1, tenon_str_of("a")};
  text_lines_item_list_push(&items, item);
  text_lines_item_list_push(&items, item);
  REQUIRE(ends_with(&w, TENON_FAILED, "a list has more elements than were announced"));
}

static void an_element_of_before(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_lines_next_out_writer r = text_lines_next_begin(&w, &out);
  text_lines_item_list_writer items = text_lines_next_out_begin_items(r, 2);
  text_lines_item_writer first = text_lines_item_list_add(&items);
  text_lines_item_writer second = text_lines_item_list_add(&items);
  text_lines_item_set_line(second, tenon_str_of("b"));
  text_lines_item_set_line(first, tenon_str_of("a"));
  REQUIRE(ends_with(&w, TENON_FAILED, order));
}

/* Nothing is read of the bytes: they do not exist. */
static void more_than_4_gib(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  text_find_out_writer r = text_find_begin(&w, &out);
  tenon_str huge = {"", (size_t)1 << 32};
  text_find_out_set_first(r, huge);
  REQUIRE(ends_with(&w, TENON_FAILED, "the record exceeds 4 GiB"));
  out = moving(-1);
  text_lines_next_out_writer next = text_lines_next_begin(&w, &out);
  text_lines_item_list_writer items = text_lines_next_out_begin_items(next, UINT32_MAX);
  text_lines_item item = {1, tenon_str_of("a")};
  text_lines_item_list_push(&items, item);
  REQUIRE(ends_with(&w, TENON_FAILED, "the record exceeds 4 GiB"));
}

static void write_lines(tenon_writer *w, tenon_out *out) {
  text_lines_next_out_writer r = text_lines_next_begin(w, out);
  text_lines_item_list_writer items = text_lines_next_out_begin_items(r, 5);
  for (uint64_t i = 0; i < 3; i++) {
    text_lines_item_writer item = text_lines_item_list_add(&items);
    text_lines_item_set_line(item, tenon_str_of(i == 1 ? "" : "line"));
    text_lines_item_set_at(item, i);
  }
  text_lines_next_out_set_done(r, true);
}

static void memory_that_runs_out(void) {
  tenon_status status = TENON_NO_MEMORY;
  for (int reserves = 0; status != TENON_OK; reserves++) {
    REQUIRE(reserves < 10);
    tenon_writer w;
    tenon_out out = moving(reserves);
    write_lines(&w, &out);
    status = tenon_end(&w);
    REQUIRE(status == TENON_OK || status == TENON_NO_MEMORY);
    free(out.data);
  }
}

static void fewer_elements_than_announced(void) {
  tenon_writer w;
  tenon_out out = moving(-1);
  write_lines(&w, &out);
  REQUIRE(tenon_end(&w) == TENON_OK);
  REQUIRE(fwrite(out.data, 1, out.len, stdout) == out.len);
  free(out.data);
}

int main(void) {
  fields_in_the_wrong_order();
  a_field_twice();
  an_element_behind_a_later_field();
  more_elements_than_announced();
  an_element_of_before();
  more_than_4_gib();
  memory_that_runs_out();
  fewer_elements_than_announced();
  return 0;
}
