/* driver - uses a plugin as a simple host does, so that it can be run under valgrind.
 *
 * Usage: driver PLUGIN [INPUT]. Creates instances on two threads, calls each with several inputs, drops them, and
 * creates instances with configs that are not JSON. Inputs are copied to memory of exactly their size. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tenon.h"

typedef struct bytes {
  uint8_t *at;
  size_t size;
} bytes;

enum { MOST = 16, ROUNDS = 20 };
static bytes inputs[MOST];
static size_t count;
static int sink;
static const tenon_plugin *plugin;

static void add(const void *from, size_t size) {
  bytes *input = &inputs[count++];
  input->size = size;
  input->at = malloc(size == 0 ? 1 : size);
  if (input->at == NULL) exit(3);
  memcpy(input->at, from, size);
}

static void log_nothing(const tenon_host *host, int32_t level, const char *message, size_t len) {
  (void)host, (void)level, (void)message, (void)len;
}

static tenon_status emit_nothing(const tenon_host *host, const uint8_t *data, size_t len) {
  (void)host, (void)data, (void)len;
  return TENON_OK;
}

static const void *no_extension(const tenon_host *host, const char *id) {
  (void)host, (void)id;
  return NULL;
}

static const tenon_host host = {sizeof(tenon_host), 0, NULL, log_nothing, emit_nothing, no_extension};

static tenon_status reserve(tenon_out *out, size_t additional) {
  size_t wanted = out->len + additional;
  if (wanted < additional || wanted > 1u << 30) return TENON_NO_MEMORY;
  uint8_t *moved = realloc(out->data, wanted);
  if (moved == NULL) return TENON_NO_MEMORY;
  out->data = moved;
  out->capacity = wanted;
  return TENON_OK;
}

/* Writes the result to /dev/null, so that valgrind reports bytes that were not initialised. */
static void use(const tenon_out *out) {
  if (out->len != 0 && write(sink, out->data, out->len) < 0) exit(3);
}

static void *work(void *first) {
  for (size_t round = 0; round < ROUNDS; round++) {
    tenon_out error = {NULL, 0, 0, reserve};
    void *state = NULL;
    if (plugin->new (&host, NULL, 0, &state, &error) == TENON_OK) {
      for (size_t i = 0; i < count; i++) {
        const bytes *input = &inputs[(i + (size_t)first + round) % count];
        uint8_t *copy = input->size == 0 ? NULL : malloc(input->size);
        if (copy != NULL) memcpy(copy, input->at, input->size);
        tenon_out out = {NULL, 0, 0, reserve};
        plugin->something(state, copy, input->size, &out);
        use(&out);
        free(out.data);
        free(copy);
      }
      plugin->drop(state);
    }
    free(error.data);
  }
  return NULL;
}

static void try_config(const char *config) {
  size_t size = strlen(config);
  uint8_t *copy = malloc(size);
  if (copy == NULL) exit(3);
  memcpy(copy, config, size);
  tenon_out error = {NULL, 0, 0, reserve};
  void *state = NULL;
  if (plugin->new (&host, copy, size, &state, &error) == TENON_OK) plugin->drop(state);
  free(error.data);
  free(copy);
}

static void read_input(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) exit(3);
  uint8_t all[65536];
  add(all, fread(all, 1, sizeof all, file));
  fclose(file);
}

static void add_usual_inputs(void) {
  char many[5000];
  memset(many, 'x', sizeof many);
  many[17] = '(';
  add("The quick brown fox jumps over the lazy dog.\n", 45);
  add("7 12 99 123456789", 17);
  add("a", 1);
  add("", 0);
  add("a\0b\xff\xfe", 5);
  add("0123456789abcdef", 16);
  add(many, sizeof many);
}

int main(int argc, char **argv) {
  sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (argc < 2 || sink < 0) return 3;
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 3;
  const tenon_plugin *(*get)(void);
  *(void **)&get = dlsym(library, "get_plugin");
  if (get == NULL) return 3;
  plugin = get();
  add_usual_inputs();
  if (argc > 2) read_input(argv[2]);
  pthread_t threads[2];
  for (size_t i = 0; i < 2; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)(i * 3)) != 0) return 3;
  for (size_t i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  try_config("{");
  try_config("[1,2");
  usleep(20000); /* for threads that a plugin left */
  for (size_t i = 0; i < count; i++) free(inputs[i].at);
  close(sink);
  return 0;
}
