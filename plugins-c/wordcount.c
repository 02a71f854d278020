/* wordcount - counts lines, words and bytes. A complete plugin without dependencies. Its totals survive a reload.
 *
 * INPUT   any bytes.
 * RESULT  three unsigned 64-bit little-endian integers, 24 bytes: lines, words, bytes. A line ends with a
 *         newline. A word is a run of bytes other than white space (as `wc` counts in the C locale).
 * CONFIG  {"minLength": n}   count only words of at least n UTF-8 characters, 1 to 1000000 (default 1)
 *         {"only": "words"}  8 bytes instead of 24: only the number of words
 *         {"totals": true}   the numbers of all inputs so far, instead of this input
 * KIND    state/1.0.0: moves the totals to the next version of this plugin when the host reloads it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "state.kind.h"
#include "tenon_config.h"

STATE_1_FACTS;

typedef struct counts {
  uint64_t lines, words, bytes;
} counts;

typedef struct wordcount {
  int64_t min_length;
  bool only_words, with_totals;
  /* The totals. They are atomic because calls of one instance may run at the same time. */
  _Atomic(uint64_t) lines, words, bytes;
} wordcount;

/* The format of the saved state: the struct counts. Another layout would get another number. */
enum { STATE_FORMAT = 1 };

/* Creates one instance. The config is borrowed: whatever is needed later must be copied now. */
static tenon_status wordcount_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                  void **state, tenon_out *error) {
  (void)host; /* this plugin neither logs nor emits */
  int64_t min_length = 1;
  int only = -1;
  bool totals = false;
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("minLength", &min_length, 1, 1000000),
      TENON_CONFIG_WORD("only", &only, "words"),
      TENON_CONFIG_BOOL("totals", &totals),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status != TENON_OK) return status; /* `error` holds the message; nothing is allocated yet */

  wordcount *made = calloc(1, sizeof *made); /* the totals begin with 0 */
  if (made == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  made->min_length = min_length;
  made->only_words = only == 0;
  made->with_totals = totals;
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

/* Adds to the totals, and returns them. */
static counts add(wordcount *self, counts found) {
  counts total = {
      .lines = atomic_fetch_add(&self->lines, found.lines) + found.lines,
      .words = atomic_fetch_add(&self->words, found.words) + found.words,
      .bytes = atomic_fetch_add(&self->bytes, found.bytes) + found.bytes,
  };
  return total;
}

/* Does one unit of work. `in` is borrowed until return. `out` is the host's memory, and tenon_write appends
 * to it. */
static tenon_status wordcount_count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  wordcount *self = state;
  counts found =
      self->min_length > 1 ? count_long(in, in_len, (uint64_t)self->min_length) : count_all(in, in_len);
  if (self->with_totals) found = add(self, found);
  if (self->only_words) return tenon_write(out, &found.words, sizeof found.words);
  /* tenon's platforms are little-endian, so the struct is the format of the result. */
  return tenon_write(out, &found, sizeof found);
}

/* Saves the totals. It changes nothing: if the next version is refused, this instance goes on. */
static tenon_status wordcount_save(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  wordcount *self = state;
  tenon_status status = state_save_read(in, in_len, out);
  if (status != TENON_OK) return status;
  counts totals = {atomic_load(&self->lines), atomic_load(&self->words), atomic_load(&self->bytes)};
  state_save_out saved = {STATE_FORMAT, {(const uint8_t *)&totals, sizeof totals}};
  return state_save_write(out, &saved);
}

/* Restores the totals, in an instance that was made from the same config. What another version has saved is refused
 * if it is not understood: the host then keeps that version. */
static tenon_status wordcount_restore(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  wordcount *self = state;
  state_restore_in saved;
  tenon_status status = state_restore_read(in, in_len, &saved, out);
  if (status != TENON_OK) return status;
  if (saved.format != STATE_FORMAT)
    return tenon_fail(out, TENON_UNSUPPORTED, "wordcount knows only format 1 of its state");
  counts totals;
  if (saved.data.len != sizeof totals)
    return tenon_fail(out, TENON_INVALID, "the state of wordcount must have 24 bytes");
  memcpy(&totals, saved.data.data, sizeof totals);
  atomic_store(&self->lines, totals.lines);
  atomic_store(&self->words, totals.words);
  atomic_store(&self->bytes, totals.bytes);
  return TENON_OK;
}

static const void *wordcount_extension(const char *id) {
  static const state_1 table = {TENON_KIND_HEADER(state_1), wordcount_save, wordcount_restore};
  return strcmp(id, STATE_1_ID) == 0 ? &table : NULL;
}

/* Thread-safe, because the only thing that a call changes is atomic. Deterministic, because the result depends only
 * on the config and the inputs. */
TENON_PLUGIN_WITH("wordcount", "1.0.0", STATE_1_KIND, TENON_THREAD_SAFE | TENON_DETERMINISTIC, wordcount_new,
                  wordcount_drop, wordcount_count, wordcount_extension);
