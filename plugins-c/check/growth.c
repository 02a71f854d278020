/* growth.c - a sound plugin whose use of a resource grows for a while, or goes up and down, selected by TRIP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenon.h"

#define GROWTH_CACHE    1  /* keeps the results of 2000 calls */
#define GROWTH_HISTORY  2  /* keeps the last 3000 inputs */
#define GROWTH_DOUBLING 3  /* has a table that doubles until it has 4096 places */
#define GROWTH_FILES    4  /* keeps up to 300 files open */
#define GROWTH_POOL     5  /* starts threads until it has 24 */
#define GROWTH_SAWTOOTH 6  /* frees what 700 calls have collected at once */
#define GROWTH_THREADS  7  /* has memory for each thread, which a destructor frees */
#define GROWTH_REGISTRY 8  /* has memory for each thread, which the next thread takes over */
#define GROWTH_ERRORS   9  /* refuses some inputs, and keeps the last 500 messages */
#define GROWTH_WORKERS  10 /* frees memory on other threads than those that allocate it */
#define GROWTH_CONFIGS  11 /* remembers up to 400 configs that it has refused */

enum {
  kEntries = 2000,
  kHistory = 3000,
  kPlaces = 4096,
  kFiles = 300,
  kThreads = 24,
  kBatch = 700,
  kErrors = 500
};
enum { kQueue = 16, kWorkers = 4, kConfigs = 400, kMost = 4096 };

typedef struct instance {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  unsigned calls;
  size_t count, room;
  void *kept[kMost];
  void **table;
  pthread_t threads[kThreads];
  size_t running, queued, done;
  void *queue[kQueue];
  int files[kFiles];
  int stop;
} instance;

static void *copy_of(const void *bytes, size_t size) {
  void *copy = malloc(size + 1);
  if (copy != NULL) memcpy(copy, bytes, size);
  return copy;
}

/* Keeps a block, and frees the one that had its place. */
static inline void keep(instance *self, size_t places, void *block) {
  void **place = &self->kept[self->calls % places];
  free(*place);
  *place = block;
}

static inline void grow_table(instance *self) {
  if (self->count == kPlaces) return;
  if (self->count == self->room) {
    size_t room = self->room == 0 ? 16 : 2 * self->room;
    void **table = realloc(self->table, room * sizeof *table);
    if (table == NULL) return;
    self->table = table, self->room = room;
  }
  self->table[self->count++] = NULL;
}

/* ---- threads of the plugin ---- */

/* Waits for work: takes a block, allocates another one of the same size, and frees the first. */
static void *work(void *argument) {
  instance *self = argument;
  void *own = malloc(8192);
  pthread_mutex_lock(&self->lock);
  while (!self->stop) {
    if (self->queued == 0) {
      pthread_cond_wait(&self->changed, &self->lock);
      continue;
    }
    void *block = self->queue[--self->queued];
    pthread_mutex_unlock(&self->lock);
    void *answer = malloc(100 + (size_t)(rand() % 900));
    free(block);
    pthread_mutex_lock(&self->lock);
    free(self->kept[self->done % kQueue]);
    self->kept[self->done++ % kQueue] = answer;
    pthread_cond_broadcast(&self->changed);
  }
  pthread_mutex_unlock(&self->lock);
  free(own);
  return NULL;
}

static inline void start_threads(instance *self, size_t wanted) {
  while (self->running < wanted && pthread_create(&self->threads[self->running], NULL, work, self) == 0)
    self->running++;
}

static inline void pass_on(instance *self, const uint8_t *in, size_t in_len) {
  pthread_mutex_lock(&self->lock);
  size_t target = self->done + self->queued;
  while (self->queued < kQueue / 2) self->queue[self->queued++] = copy_of(in, in_len), target++;
  pthread_cond_broadcast(&self->changed);
  while (self->queued > kQueue / 4) pthread_cond_wait(&self->changed, &self->lock);
  (void)target;
  pthread_mutex_unlock(&self->lock);
}

/* ---- threads of the host ---- */

#if TRIP == GROWTH_THREADS || TRIP == GROWTH_REGISTRY
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if TRIP == GROWTH_REGISTRY
typedef struct place {
  struct place *next;
  char room[500];
} place;
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static place *free_places;

static void give_back(void *value) {
  place *mine = value;
  pthread_mutex_lock(&free_lock);
  mine->next = free_places;
  free_places = mine;
  pthread_mutex_unlock(&free_lock);
}

static void *take_place(void) {
  pthread_mutex_lock(&free_lock);
  place *mine = free_places;
  if (mine != NULL) free_places = mine->next;
  pthread_mutex_unlock(&free_lock);
  return mine != NULL ? mine : malloc(sizeof *mine);
}
#else
static void give_back(void *value) {
  free(value);
}

static void *take_place(void) {
  return malloc(500);
}
#endif

static void make_key(void) {
  if (pthread_key_create(&key, give_back) != 0) abort();
}

static void use_thread(void) {
  pthread_once(&once, make_key);
  if (pthread_getspecific(key) == NULL) pthread_setspecific(key, take_place());
}
#endif

/* ---- the plugin ---- */

#if TRIP == GROWTH_CONFIGS
static pthread_mutex_t config_lock = PTHREAD_MUTEX_INITIALIZER;
static void *refused[kConfigs];
static size_t refusals;

static void remember(const uint8_t *config, size_t config_len) {
  pthread_mutex_lock(&config_lock);
  void **place = &refused[refusals++ % kConfigs];
  free(*place);
  *place = copy_of(config, config_len);
  pthread_mutex_unlock(&config_lock);
}
#endif

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len;
#if TRIP == GROWTH_CONFIGS
  if (config_len != 0 && config[0] != '{') {
    remember(config, config_len);
    return tenon_fail(error, TENON_INVALID, "the config must be an object");
  }
#endif
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory");
  pthread_mutex_init(&self->lock, NULL);
  pthread_cond_init(&self->changed, NULL);
  for (size_t i = 0; i < kFiles; i++) self->files[i] = -1;
#if TRIP == GROWTH_WORKERS
  start_threads(self, kWorkers);
#endif
  *state = self;
  return TENON_OK;
}

static void drop(void *state) {
  instance *self = state;
  pthread_mutex_lock(&self->lock);
  self->stop = 1;
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->lock);
  for (size_t i = 0; i < self->running; i++) pthread_join(self->threads[i], NULL);
  for (size_t i = 0; i < self->queued; i++) free(self->queue[i]);
  for (size_t i = 0; i < kMost; i++) free(self->kept[i]);
  for (size_t i = 0; i < kFiles; i++)
    if (self->files[i] >= 0) close(self->files[i]);
  free(self->table);
  pthread_cond_destroy(&self->changed);
  pthread_mutex_destroy(&self->lock);
  free(self);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
#if TRIP == GROWTH_CACHE
  if (self->calls < kEntries) keep(self, kEntries, malloc(600));
#elif TRIP == GROWTH_HISTORY
  keep(self, kHistory, copy_of(in, in_len));
#elif TRIP == GROWTH_DOUBLING
  grow_table(self);
#elif TRIP == GROWTH_FILES
  int *file = &self->files[self->calls % kFiles];
  if (*file >= 0) close(*file);
  *file = open("/dev/null", O_RDONLY | O_CLOEXEC);
#elif TRIP == GROWTH_POOL
  if (self->calls % 10 == 0 && self->running < kThreads) start_threads(self, self->running + 1);
#elif TRIP == GROWTH_SAWTOOTH
  if (self->calls % kBatch == 0)
    for (size_t i = 0; i < kBatch; i++) free(self->kept[i]), self->kept[i] = NULL;
  self->kept[self->calls % kBatch] = malloc(1000);
#elif TRIP == GROWTH_THREADS || TRIP == GROWTH_REGISTRY
  use_thread();
#elif TRIP == GROWTH_ERRORS
  if (in_len == 0 || in[0] == '[' || in[0] == '{') {
    keep(self, kErrors, copy_of("no brackets", 11));
    self->calls++;
    return tenon_fail(out, TENON_INVALID, "the input must not begin with a bracket");
  }
#elif TRIP == GROWTH_WORKERS
  pass_on(self, in, in_len);
#endif
  (void)keep, (void)grow_table, (void)start_threads, (void)pass_on, (void)copy_of;
  self->calls++;
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN(TRIP_NAME, "1.0.0", make, drop, call);
