/* tenon_record.h - reads and writes the records of kinds. The headers that `tenon kind bind` generates use it.
 *
 * A record is a message: the fixed part of its fields, laid out as a C struct, then a tail. A field of variable
 * length is a span { uint32_t at, uint32_t len } in the fixed part, which refers to the tail.
 *
 * READING. The generated NAME_read checks a whole message in one pass: that every span is inside the message,
 * aligned, and behind the span before it, that strings are UTF-8, and that every bool, enum, union and set of
 * flags has a value that the kind knows. Only then it fills a struct. Strings and lists in that struct are views
 * of the message, valid as long as the message is: in a method, until it returns.
 *
 * WRITING. Fill a struct and call the generated NAME_write. Or, if the length of a list is not known before, call
 * NAME_begin and set the fields one by one, those of variable length in the order of their declaration:
 *
 *     tenon_writer writer;
 *     text_find_out_writer result = text_find_begin(&writer, out);
 *     text_hit_list_writer hits = text_find_out_begin_hits(result);
 *     while (...) text_hit_list_push(&hits, hit);
 *     text_find_out_set_first(result, line);
 *     text_find_out_set_total(result, total);
 *     return tenon_end(&writer);
 *
 * A writer holds offsets and never addresses, because `reserve` may move the output. It keeps its first failure,
 * does nothing from then on, and tenon_end returns it.
 *
 * Compiles as C11 and newer, and as C++11 and newer. */
#ifndef TENON_RECORD_H
#define TENON_RECORD_H

#include "tenon_facts.h"
#include "tenon_read.h"
#include "tenon_write.h"

/* ---- Types made of others. Generated code uses these macros too. ---- */

#ifdef __cplusplus
/* Makes lists ranges. */
template <class List, class Item>
struct tenon_iterator {
  const List *list;
  uint32_t i;
  Item operator*() const { return (*list)[i]; }
  tenon_iterator &operator++() {
    ++i;
    return *this;
  }
  bool operator!=(const tenon_iterator &other) const { return i != other.i; }
};
#define TENON_LIST_MEMBERS(LIST, ITEM, GET, SIZE)                            \
  size_t size() const { return len; }                                        \
  bool empty() const { return len == 0; }                                    \
  ITEM operator[](size_t i) const {                                          \
    return items != NULL ? items[i] : GET(message, at + i * (size_t)(SIZE)); \
  }                                                                          \
  tenon_iterator<LIST, ITEM> begin() const {                                 \
    tenon_iterator<LIST, ITEM> first = {this, 0};                            \
    return first;                                                            \
  }                                                                          \
  tenon_iterator<LIST, ITEM> end() const {                                   \
    tenon_iterator<LIST, ITEM> last = {this, len};                           \
    return last;                                                             \
  }
#define TENON_OPTION_MEMBERS(ITEM)                  \
  explicit operator bool() const { return some; }   \
  const ITEM &operator*() const { return value; }   \
  const ITEM *operator->() const { return &value; } \
  ITEM value_or(const ITEM &other) const { return some ? value : other; }
#else
#define TENON_LIST_MEMBERS(LIST, ITEM, GET, SIZE)
#define TENON_OPTION_MEMBERS(ITEM)
#endif

/* A list. LIST_at returns element `i`, which must be below `len`. To write one, let `items` be an array of
 * `len` elements. */
#define TENON_LIST(LIST, ITEM, GET, SIZE)                                                                    \
  typedef struct LIST {                                                                                      \
    const ITEM *items;                                                                                       \
    uint32_t len;                                                                                            \
    uint32_t at;            /* only for lists that were read, like `message` */                              \
    const uint8_t *message; /* `items` is NULL then */                                                       \
    TENON_LIST_MEMBERS(LIST, ITEM, GET, SIZE)                                                                \
  } LIST;                                                                                                    \
  static inline ITEM LIST##_at(const LIST *list, uint32_t i) {                                               \
    return list->items != NULL ? list->items[i] : GET(list->message, list->at + (size_t)i * (size_t)(SIZE)); \
  }                                                                                                          \
  static inline LIST LIST##_get(const uint8_t *message, size_t at) {                                         \
    tenon_span span;                                                                                         \
    memcpy(&span, message + at, sizeof span);                                                                \
    LIST list;                                                                                               \
    list.items = NULL;                                                                                       \
    list.len = span.len;                                                                                     \
    list.at = span.at;                                                                                       \
    list.message = message;                                                                                  \
    return list;                                                                                             \
  }

/* LIST_check, for elements that CHECK checks. */
#define TENON_LIST_CHECK(LIST, SIZE, ALIGN, CHECK)                                 \
  static inline bool LIST##_check(tenon_reader *r, size_t at, const char *field) { \
    tenon_span span;                                                               \
    if (!tenon_span_check(r, at, SIZE, ALIGN, field, &span)) return false;         \
    for (uint32_t i = 0; i < span.len; i++)                                        \
      if (!CHECK(r, span.at + (size_t)i * (size_t)(SIZE), field)) return false;    \
    return true;                                                                   \
  }

/* LIST_check, for elements of which any bytes are valid. */
#define TENON_LIST_CHECK_SPAN(LIST, SIZE, ALIGN)                                   \
  static inline bool LIST##_check(tenon_reader *r, size_t at, const char *field) { \
    tenon_span span;                                                               \
    return tenon_span_check(r, at, SIZE, ALIGN, field, &span);                     \
  }

/* LIST_put and LIST_push, for elements without spans, which STORE stores. */
#define TENON_LIST_STORE(LIST, ITEM, SIZE, ALIGN, STORE)                        \
  static inline void LIST##_put(tenon_writer *w, size_t at, const LIST *list) { \
    if (!tenon_claim(w, at) || list->len == 0) return;                          \
    uint32_t to = tenon_append(w, NULL, (uint64_t)list->len * (SIZE), ALIGN);   \
    tenon_span_set(w, at, to, list->len);                                       \
    for (uint32_t i = 0; i < list->len && w->status == TENON_OK; i++) {         \
      ITEM item = LIST##_at(list, i);                                           \
      STORE(tenon_place(w, to + (size_t)i * (size_t)(SIZE)), &item);            \
    }                                                                           \
  }                                                                             \
  typedef struct LIST##_writer {                                                \
    tenon_items items;                                                          \
  } LIST##_writer;                                                              \
  static inline void LIST##_push(LIST##_writer *list, ITEM item) {              \
    uint8_t *to = tenon_items_append(&list->items, SIZE, ALIGN);                \
    if (to != NULL) STORE(to, &item);                                           \
  }

/* LIST_put and LIST_push, for elements with spans, which PUT writes. */
#define TENON_LIST_PUT(LIST, ITEM, SIZE, ALIGN, PUT)                            \
  static inline void LIST##_put(tenon_writer *w, size_t at, const LIST *list) { \
    tenon_items items = tenon_items_begin_max(w, at, list->len, SIZE, ALIGN);   \
    for (uint32_t i = 0; i < list->len && w->status == TENON_OK; i++) {         \
      ITEM item = LIST##_at(list, i);                                           \
      PUT(w, tenon_items_next(&items, SIZE), &item);                            \
    }                                                                           \
  }                                                                             \
  typedef struct LIST##_writer {                                                \
    tenon_items items;                                                          \
  } LIST##_writer;                                                              \
  static inline void LIST##_push(LIST##_writer *list, ITEM item) {              \
    size_t at = tenon_items_next(&list->items, SIZE);                           \
    if (list->items.w->status == TENON_OK) PUT(list->items.w, at, &item);       \
  }

/* A value that may be absent. */
#define TENON_OPTION(OPTION, ITEM) \
  typedef struct OPTION {          \
    bool some;                     \
    ITEM value; /* if `some` */    \
    TENON_OPTION_MEMBERS(ITEM)     \
  } OPTION

/* The functions of an option whose value has the offset AT. */
#define TENON_OPTION_GET(OPTION, AT, GET)                                \
  static inline OPTION OPTION##_get(const uint8_t *message, size_t at) { \
    OPTION option;                                                       \
    memset(&option, 0, sizeof option);                                   \
    option.some = message[at] != 0;                                      \
    if (option.some) option.value = GET(message, at + (AT));             \
    return option;                                                       \
  }
#define TENON_OPTION_CHECK(OPTION, AT, CHECK)                                        \
  static inline bool OPTION##_check(tenon_reader *r, size_t at, const char *field) { \
    if (!tenon_bool_check(r, at, field)) return false;                               \
    return r->data[at] == 0 || CHECK(r, at + (AT), field);                           \
  }
/* For a value of which any bytes are valid. */
#define TENON_OPTION_CHECK_SOME(OPTION)                                              \
  static inline bool OPTION##_check(tenon_reader *r, size_t at, const char *field) { \
    return tenon_bool_check(r, at, field);                                           \
  }
#define TENON_OPTION_STORE(OPTION, AT, STORE)                            \
  static inline void OPTION##_store(uint8_t *to, const OPTION *option) { \
    to[0] = option->some;                                                \
    if (option->some) STORE(to + (AT), &option->value);                  \
  }
#define TENON_OPTION_PUT(OPTION, AT, PUT)                                             \
  static inline void OPTION##_put(tenon_writer *w, size_t at, const OPTION *option) { \
    if (w->status != TENON_OK || !option->some) return;                               \
    tenon_place(w, at)[0] = 1;                                                        \
    PUT(w, at + (AT), &option->value);                                                \
  }

/* ---- The builtin types ---- */

#define TENON_SCALAR(NAME, TYPE)                                                                        \
  static inline TYPE NAME##_get(const uint8_t *message, size_t at) {                                    \
    TYPE value;                                                                                         \
    memcpy(&value, message + at, sizeof value);                                                         \
    return value;                                                                                       \
  }                                                                                                     \
  static inline void NAME##_store(uint8_t *to, const TYPE *value) { memcpy(to, value, sizeof *value); } \
  TENON_OPTION(NAME##_option, TYPE);                                                                    \
  TENON_OPTION_GET(NAME##_option, sizeof(TYPE), NAME##_get)                                             \
  TENON_OPTION_STORE(NAME##_option, sizeof(TYPE), NAME##_store)                                         \
  TENON_LIST(NAME##_list, TYPE, NAME##_get, sizeof(TYPE))                                               \
  TENON_LIST_STORE(NAME##_list, TYPE, sizeof(TYPE), sizeof(TYPE), NAME##_store)

TENON_SCALAR(tenon_i8, int8_t)
TENON_SCALAR(tenon_u8, uint8_t)
TENON_SCALAR(tenon_i16, int16_t)
TENON_SCALAR(tenon_u16, uint16_t)
TENON_SCALAR(tenon_i32, int32_t)
TENON_SCALAR(tenon_u32, uint32_t)
TENON_SCALAR(tenon_i64, int64_t)
TENON_SCALAR(tenon_u64, uint64_t)
TENON_SCALAR(tenon_f32, float)
TENON_SCALAR(tenon_f64, double)
TENON_SCALAR(tenon_bool, bool)

TENON_LIST_CHECK_SPAN(tenon_i8_list, 1, 1)
TENON_LIST_CHECK_SPAN(tenon_u8_list, 1, 1)
TENON_LIST_CHECK_SPAN(tenon_i16_list, 2, 2)
TENON_LIST_CHECK_SPAN(tenon_u16_list, 2, 2)
TENON_LIST_CHECK_SPAN(tenon_i32_list, 4, 4)
TENON_LIST_CHECK_SPAN(tenon_u32_list, 4, 4)
TENON_LIST_CHECK_SPAN(tenon_i64_list, 8, 8)
TENON_LIST_CHECK_SPAN(tenon_u64_list, 8, 8)
TENON_LIST_CHECK_SPAN(tenon_f32_list, 4, 4)
TENON_LIST_CHECK_SPAN(tenon_f64_list, 8, 8)
TENON_LIST_CHECK(tenon_bool_list, 1, 1, tenon_bool_check)

TENON_OPTION_CHECK_SOME(tenon_i8_option)
TENON_OPTION_CHECK_SOME(tenon_u8_option)
TENON_OPTION_CHECK_SOME(tenon_i16_option)
TENON_OPTION_CHECK_SOME(tenon_u16_option)
TENON_OPTION_CHECK_SOME(tenon_i32_option)
TENON_OPTION_CHECK_SOME(tenon_u32_option)
TENON_OPTION_CHECK_SOME(tenon_i64_option)
TENON_OPTION_CHECK_SOME(tenon_u64_option)
TENON_OPTION_CHECK_SOME(tenon_f32_option)
TENON_OPTION_CHECK_SOME(tenon_f64_option)
TENON_OPTION_CHECK(tenon_bool_option, 1, tenon_bool_check)

static inline tenon_str tenon_str_get(const uint8_t *message, size_t at) {
  tenon_span span;
  memcpy(&span, message + at, sizeof span);
  tenon_str view = {(const char *)message + span.at, span.len};
  return view;
}

static inline tenon_bytes tenon_bytes_get(const uint8_t *message, size_t at) {
  tenon_span span;
  memcpy(&span, message + at, sizeof span);
  tenon_bytes view = {message + span.at, span.len};
  return view;
}

TENON_OPTION(tenon_str_option, tenon_str);
TENON_OPTION_GET(tenon_str_option, 4, tenon_str_get)
TENON_OPTION_CHECK(tenon_str_option, 4, tenon_str_check)
TENON_OPTION_PUT(tenon_str_option, 4, tenon_str_put)
TENON_LIST(tenon_str_list, tenon_str, tenon_str_get, 8)
TENON_LIST_CHECK(tenon_str_list, 8, 4, tenon_str_check)
TENON_LIST_PUT(tenon_str_list, tenon_str, 8, 4, tenon_str_put)

TENON_OPTION(tenon_bytes_option, tenon_bytes);
TENON_OPTION_GET(tenon_bytes_option, 4, tenon_bytes_get)
TENON_OPTION_CHECK(tenon_bytes_option, 4, tenon_bytes_check)
TENON_OPTION_PUT(tenon_bytes_option, 4, tenon_bytes_put)
TENON_LIST(tenon_bytes_list, tenon_bytes, tenon_bytes_get, 8)
TENON_LIST_CHECK(tenon_bytes_list, 8, 4, tenon_bytes_check)
TENON_LIST_PUT(tenon_bytes_list, tenon_bytes, 8, 4, tenon_bytes_put)
#endif /* TENON_RECORD_H */
