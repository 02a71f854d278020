/* failing.c - a plugin that leaves something behind on one path only, selected by TRIP: when it fails, for an odd
 * input, or for each thread. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenon.h"

#define FAILING_CALLS            1
#define FAILING_CALLS_DESCRIPTOR 2
#define FAILING_CALLS_THREAD     3
#define FAILING_CALLS_ONE_PATH   4 /* one of several ways to fail */
#define FAILING_NEW              5
#define FAILING_NEW_DESCRIPTOR   6
#define ODD_INPUTS               7 /* an empty input, which it accepts */
#define CALLING_THREADS          8 /* a key without a destructor */
#define CALLING_THREADS_LOCAL    9 /* a thread-local pointer */
#define CALLING_THREADS_FILE     10
#define THREADS_PER_CALL         11 /* threads that only drop ends */
#define LARGE_LEAK               12 /* much memory at once */

/* Keeps the compiler from seeing that the memory is unused. */
static void *volatile kept;

enum { kMostThreads = 4096 };

typedef struct instance {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  int over;
  size_t running;
  pthread_t threads[kMostThreads];
} instance;

static inline void open_file(void) {
  (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void *wait_for_drop(void *argument) {
  instance *self = argument;
  pthread_mutex_lock(&self->lock);
  while (!self->over) pthread_cond_wait(&self->ended, &self->lock);
  pthread_mutex_unlock(&self->lock);
  return NULL;
}

static inline void start_thread(instance *self) {
  if (self->running == kMostThreads) return;
  if (pthread_create(&self->threads[self->running], NULL, wait_for_drop, self) == 0) self->running++;
}

#if TRIP == CALLING_THREADS
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_key(void) {
  if (pthread_key_create(&key, NULL) != 0) abort();
}
#endif

static inline void use_thread(void) {
#if TRIP == CALLING_THREADS
  pthread_once(&once, make_key);
  if (pthread_getspecific(key) == NULL) pthread_setspecific(key, malloc(100));
#elif TRIP == CALLING_THREADS_LOCAL
  static _Thread_local char *scratch;
  if (scratch == NULL) scratch = malloc(100);
  kept = scratch;
#elif TRIP == CALLING_THREADS_FILE
  static _Thread_local int file;
  if (file == 0) file = open("/dev/null", O_RDONLY | O_CLOEXEC);
#endif
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host;
#if TRIP == FAILING_NEW
  kept = malloc(100);
  void *settings = kept;
#elif TRIP == FAILING_NEW_DESCRIPTOR
  int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
#endif
  if (config_len != 0 && config[0] != '{')
    return tenon_fail(error, TENON_INVALID, "the config must be an object");
#if TRIP == FAILING_NEW
  free(settings);
#elif TRIP == FAILING_NEW_DESCRIPTOR
  close(file);
#endif
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory");
  pthread_mutex_init(&self->lock, NULL);
  pthread_cond_init(&self->ended, NULL);
  *state = self;
  return TENON_OK;
}

static void drop(void *state) {
  instance *self = state;
  pthread_mutex_lock(&self->lock);
  self->over = 1;
  pthread_cond_broadcast(&self->ended);
  pthread_mutex_unlock(&self->lock);
  for (size_t i = 0; i < self->running; i++) pthread_join(self->threads[i], NULL);
  pthread_cond_destroy(&self->ended);
  pthread_mutex_destroy(&self->lock);
  free(self);
}

static tenon_status refuse(instance *self, tenon_out *out, const char *why) {
  (void)self;
#if TRIP == FAILING_CALLS
  kept = malloc(24);
#elif TRIP == FAILING_CALLS_DESCRIPTOR
  open_file();
#elif TRIP == FAILING_CALLS_THREAD
  start_thread(self);
#endif
  return tenon_fail(out, TENON_INVALID, why);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
  use_thread();
  (void)open_file, (void)start_thread, (void)kept;
#if TRIP == ODD_INPUTS
  if (in_len == 0) kept = malloc(100);
#else
  if (in_len == 0) return refuse(self, out, "the input is empty");
#endif
  if (in_len > 0 && (in[0] == '[' || in[0] == '{'))
    return refuse(self, out, "the input begins with a bracket");
  if (in_len > 0 && in[0] == 0xff) return refuse(self, out, "the input begins with 0xff");
#if TRIP == FAILING_CALLS_ONE_PATH
  if (in_len > 50000) {
    kept = malloc(in_len);
    return refuse(self, out, "the input is too long");
  }
#elif TRIP == THREADS_PER_CALL
  start_thread(self);
#elif TRIP == LARGE_LEAK
  kept = calloc(1, 24 << 20);
#endif
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN(TRIP_NAME, "1.0.0", make, drop, call);
