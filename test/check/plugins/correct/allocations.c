/* allocations - the words of an input in reverse order, with memory from every function that provides some.
 *
 * Blocks of the plugin are resized by the C library and freed through pointers, and blocks of the C library are freed by
 * the plugin. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenon.h"

typedef struct words {
  char **at;
  size_t count;
  void (*release)(void *);
  FILE *source;
  char *line;
  size_t room;
} words;

static tenon_status words_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  words *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->release = free;
  self->room = 8; /* getline makes it larger */
  self->line = malloc(self->room);
  self->source = self->line == NULL ? NULL : fopen("/dev/null", "re");
  if (self->source == NULL) {
    free(self->line);
    free(self);
    return tenon_fail(error, TENON_FAILED, "/dev/null cannot be read");
  }
  *state = self;
  return TENON_OK;
}

static void clear(words *self) {
  for (size_t i = 0; i < self->count; i++) self->release(self->at[i]);
  self->release(self->at);
  self->at = NULL;
  self->count = 0;
}

static void words_drop(void *state) {
  words *self = state;
  clear(self);
  fclose(self->source);
  self->release(self->line);
  self->release(self);
}

static int add(words *self, const char *word, size_t size) {
  char **at = reallocarray(self->at, self->count + 1, sizeof *at);
  if (at == NULL) return 0;
  self->at = at;
  char *copy = strndup(word, size);
  if (copy == NULL) return 0;
  self->at[self->count++] = copy;
  return 1;
}

/* Splits the input by a stream over a copy that ends at its last byte. */
static int split(words *self, const uint8_t *in, size_t in_len) {
  void *copy = NULL;
  if (in_len == 0) return 1;
  if (posix_memalign(&copy, 64, in_len) != 0) return 0;
  memcpy(copy, in, in_len);
  FILE *stream = fmemopen(copy, in_len, "r");
  int done = stream != NULL;
  ssize_t size;
  while (done && (size = getdelim(&self->line, &self->room, ' ', stream)) > 0)
    done = add(self, self->line, (size_t)size);
  if (stream != NULL) fclose(stream);
  free(copy);
  return done;
}

static tenon_status reverse(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  words *self = state;
  char *text = NULL;
  size_t size = 0;
  FILE *joined = split(self, in, in_len) ? open_memstream(&text, &size) : NULL;
  if (joined == NULL) {
    clear(self);
    return tenon_fail(out, TENON_NO_MEMORY, "no memory for the words");
  }
  for (size_t i = self->count; i-- > 0;) fputs(self->at[i], joined);
  fclose(joined);
  clear(self);
  char *exact = memalign(16, size + 1);
  if (exact != NULL && malloc_usable_size(exact) > size) memcpy(exact, text, size + 1);
  void *math = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
  tenon_status status = exact == NULL ? TENON_NO_MEMORY : tenon_write(out, exact, size);
  if (math != NULL) dlclose(math);
  free(exact);
  free(text);
  return status;
}

TENON_PLUGIN_WITH("allocations", "1.0.0", "", TENON_DETERMINISTIC, words_new, words_drop, reverse, NULL);
