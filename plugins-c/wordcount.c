/* wordcount - counts lines, words and bytes. A complete plugin without dependencies.
 *
 * INPUT   any bytes.
 * RESULT  three unsigned 64-bit little-endian integers, 24 bytes: lines, words, bytes. A line ends with a
 *         newline. A word is a run of bytes other than white space (as `wc` counts in the C locale).
 * CONFIG  {"minLength": n}   count only words of at least n UTF-8 characters, 1 to 1000000 (default 1)
 *         {"only": "words"}  8 bytes instead of 24: only the number of words */
#include <stdlib.h>

#include "config.h"

typedef struct wordcount {
  int64_t min_length;
  int64_t only_words;
} wordcount;

typedef struct counts {
  uint64_t lines, words, bytes;
} counts;

/* Creates one instance. The config is borrowed: whatever is needed later must be copied now. */
static tenon_status wordcount_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                  void **state, tenon_out *error) {
  (void)host; /* this plugin neither logs nor emits */
  wordcount self = {.min_length = 1, .only_words = 0};
  const config_field fields[] = {
      {.key = "minLength", .min = 1, .max = 1000000, .value = &self.min_length},
      {.key = "only", .word = "words", .value = &self.only_words},
  };
  tenon_status status = config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status != TENON_OK) return status; /* `error` holds the message; nothing is allocated yet */

  wordcount *made = malloc(sizeof *made);
  if (made == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  *made = self;
  *state = made;
  return TENON_OK;
}

/* Frees what `new` allocated, with the plugin's own allocator: memory is never freed across the boundary. */
static void wordcount_drop(void *state) {
  free(state);
}

static inline int is_space(uint8_t c) {
  return (c == ' ') | ((uint8_t)(c - '\t') < 5);
}

/* Counts without branches, in blocks small enough for 8-bit counters. The compiler turns this into vector
 * code that reads 16 or 32 bytes at a time. A word begins where white space, or the start of the input,
 * ends. */
static counts count_all(const uint8_t *in, size_t n) {
  counts total = {.bytes = n};
  if (n == 0) return total;
  total.lines = in[0] == '\n';
  total.words = !is_space(in[0]);
  for (size_t begin = 1; begin < n;) {
    size_t end = n - begin > 255 ? begin + 255 : n;
    uint8_t lines = 0, words = 0;
    for (size_t i = begin; i < end; i++) {
      lines = (uint8_t)(lines + (in[i] == '\n'));
      words = (uint8_t)(words + (is_space(in[i - 1]) & !is_space(in[i])));
    }
    total.lines += lines;
    total.words += words;
    begin = end;
  }
  return total;
}

/* Counts words of a minimal length. UTF-8 continuation bytes (10xxxxxx) do not begin a character. */
static counts count_long(const uint8_t *in, size_t n, uint64_t min_length) {
  counts total = {.bytes = n};
  uint64_t length = 0;
  for (size_t i = 0; i < n; i++) {
    total.lines += in[i] == '\n';
    if (!is_space(in[i])) {
      length += (in[i] & 0xC0) != 0x80;
    } else {
      total.words += length >= min_length;
      length = 0;
    }
  }
  total.words += length >= min_length;
  return total;
}

/* Does one unit of work. `in` is borrowed until return. `out` is the host's memory, and tenon_write appends
 * to it. */
static tenon_status wordcount_count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const wordcount *self = state;
  counts found =
      self->min_length > 1 ? count_long(in, in_len, (uint64_t)self->min_length) : count_all(in, in_len);
  if (self->only_words) return tenon_write(out, &found.words, sizeof found.words);
  /* tenon's platforms are little-endian, so the struct is the format of the result. */
  return tenon_write(out, &found, sizeof found);
}

/* Thread-safe, because a call only reads its instance. Deterministic, because the result depends only on the
 * config and the input. */
TENON_PLUGIN_WITH("wordcount", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, wordcount_new,
                  wordcount_drop, wordcount_count, NULL);
