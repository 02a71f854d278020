/* sqlite - keeps words in a database in memory, and answers with the most frequent ones.
 *
 * INPUT   text, at most 64 KiB are read.
 * RESULT  a line for each of the ten most frequent words: the word, a space, its count. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenon.h"

typedef struct words {
  sqlite3 *db;
  sqlite3_stmt *add, *top;
} words;

static void words_drop(void *state) {
  words *self = state;
  sqlite3_finalize(self->add);
  sqlite3_finalize(self->top);
  sqlite3_close(self->db);
  free(self);
}

static tenon_status words_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  words *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  const char *add = "INSERT INTO words VALUES (?, 1) ON CONFLICT (word) DO UPDATE SET count = count + 1";
  const char *top = "SELECT word, count FROM words ORDER BY count DESC, word LIMIT 10";
  const char *create = "CREATE TABLE words (word BLOB PRIMARY KEY, count INTEGER NOT NULL)";
  if (sqlite3_open(":memory:", &self->db) != SQLITE_OK ||
      sqlite3_exec(self->db, create, NULL, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(self->db, add, -1, &self->add, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(self->db, top, -1, &self->top, NULL) != SQLITE_OK) {
    words_drop(self);
    return tenon_fail(error, TENON_FAILED, "cannot open the database");
  }
  *state = self;
  return TENON_OK;
}

static int add_words(words *self, const char *in, size_t n) {
  for (size_t begin = 0, i = 0; i <= n; i++) {
    if (i < n && in[i] != ' ' && in[i] != '\n') continue;
    if (i > begin) {
      sqlite3_bind_blob(self->add, 1, in + begin, (int)(i - begin), SQLITE_TRANSIENT);
      int code = sqlite3_step(self->add);
      sqlite3_reset(self->add);
      sqlite3_clear_bindings(self->add);
      if (code != SQLITE_DONE) return code;
    }
    begin = i + 1;
  }
  return SQLITE_OK;
}

static tenon_status words_count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  words *self = state;
  sqlite3_exec(self->db, "BEGIN", NULL, NULL, NULL);
  int code = add_words(self, (const char *)in, in_len > 65536 ? 65536 : in_len);
  tenon_status status = TENON_OK;
  while (code == SQLITE_OK && status == TENON_OK && sqlite3_step(self->top) == SQLITE_ROW) {
    char count[24];
    int size = snprintf(count, sizeof count, " %d\n", sqlite3_column_int(self->top, 1));
    status = tenon_write(out, sqlite3_column_blob(self->top, 0), (size_t)sqlite3_column_bytes(self->top, 0));
    if (status == TENON_OK) status = tenon_write(out, count, (size_t)size);
  }
  sqlite3_reset(self->top);
  sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL); /* each call counts its own words only */
  if (code != SQLITE_OK) return tenon_fail(out, TENON_FAILED, "cannot store a word");
  return status == TENON_OK ? status : tenon_fail(out, status, "the output is full");
}

TENON_PLUGIN_WITH("corpus-sqlite", "1.0.0", "", TENON_DETERMINISTIC, words_new, words_drop, words_count,
                  NULL);
