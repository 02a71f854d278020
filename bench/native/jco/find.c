/* find.c - the search of ../find.c as a WebAssembly component, in the form in which its caller passes strings and
 * results (the canonical ABI). It is compiled without a C library. */
#include <stddef.h>
#include <stdint.h>

enum { MOST = 3 };

typedef struct hit {
  uint32_t at, line;
} hit;

typedef struct found {
  uint32_t total;
  const hit *hits;
  uint32_t count;
  const char *first;
  uint32_t first_len;
} found;

/* The memory of the strings of one call. */
static unsigned char heap[1 << 16];
static size_t used;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                size_t size) {
  (void)old;
  (void)old_size;
  size_t start = (used + align - 1) & ~(align - 1);
  if (size > sizeof heap - start) __builtin_trap();
  used = start + size;
  return heap + start;
}

static int same(const char *a, const char *b, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

__attribute__((export_name("find"))) const found *find(const char *text, uint32_t text_len,
                                                       const char *needle, uint32_t needle_len, int32_t some,
                                                       uint32_t limit) {
  static hit hits[MOST];
  static char first[64];
  static found result;
  result = (found){0, hits, 0, first, 0};
  if (!some) limit = MOST;
  for (uint32_t at = 0; needle_len > 0 && at + needle_len <= text_len; at++) {
    if (!same(text + at, needle, needle_len)) continue;
    result.total++;
    if (result.count < limit && result.count < MOST) hits[result.count++] = (hit){at, 1};
    at += needle_len - 1;
  }
  uint32_t length = result.total == 0 ? 0 : text_len;
  if (length >= sizeof first) length = sizeof first - 1;
  for (uint32_t i = 0; i < length; i++) first[i] = text[i];
  result.first_len = length;
  return &result;
}

__attribute__((export_name("cabi_post_find"))) void after_find(const found *result) {
  (void)result;
  used = 0;
}
