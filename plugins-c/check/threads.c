/* threads.c - a sound plugin with one fault that involves threads, selected by TRIP. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "tenon.h"

#define TRIP_MANY_THREADS         1  /* has a small table of the threads that have called it */
#define TRIP_CONCURRENT_INSTANCES 2  /* all instances share one buffer */
#define TRIP_CONCURRENT_NEW       3  /* sets up without a lock */
#define TRIP_CONCURRENT_CALLS     4  /* declares that it is thread-safe, and is not */
#define TRIP_THREAD_NAME          5  /* renames the thread that calls it */
#define TRIP_EVENTS               6  /* emits NULL */
#define TRIP_LOG_TEXT             7  /* logs at a level that does not exist */
#define TRIP_LEFT_AFTER_DROP      8  /* starts a thread that never ends */
#define TRIP_EMIT_AFTER_DROP      9  /* emits to the host of the newest instance, which may be gone */
#define TRIP_SLOW_EMIT            10 /* drop waits for its thread, but not long enough */
#define TRIP_BUSY                 11 /* waits in a call until the host has room */
#define TRIP_BUSY_RATE            12 /* retries without a pause, then gives up */
#define TRIP_POOL                 13 /* drop stops its threads, and does not join them */
#define TRIP_LATE_EMIT            14 /* a thread of a call emits 5 ms later, and drop does not join it */
#define TRIP_THREAD_OF_DROP       15 /* drop starts a thread that ends soon */
#define TRIP_MASKED_POOL          16 /* a pool that is not joined, whose threads block all signals */
#define TRIP_JOINED               17 /* sound: drop joins a pool, each thread of which works until then */
#define TRIP_SHARED_BUFFER        18 /* builds its results in a static variable */

typedef struct instance {
  const tenon_host *host;
  atomic_int inside;
  atomic_int begun, ended;
  int threads;
  pthread_t workers[2];
  struct pool *pool;
} instance;

/* Outlives the instance if drop does not join its threads: the last one frees it. */
typedef struct pool {
  atomic_int users;
  atomic_int stop;
} pool;

static _Thread_local int known_here;
static atomic_int inside;
static atomic_int started; /* once is enough: thousands of threads would be a leak too */
static _Atomic(const tenon_host *) newest;

/* Returns whether the caller was alone in here. Takes long enough for others to enter. */
static int alone(atomic_int *count) {
  int others = atomic_fetch_add(count, 1);
  usleep(200);
  others += atomic_fetch_sub(count, 1) - 1;
  return others == 0;
}

static tenon_status emit(instance *self) {
  return self->host->emit(self->host, (const uint8_t *)"event", 5);
}

static void *stay(void *argument) {
  for (;;) pause();
  return argument;
}

static void *emit_late(void *host) {
  const tenon_host *to = host;
  usleep(5000);
  to->emit(to, (const uint8_t *)"late", 4);
  return NULL;
}

static void *end_soon(void *argument) {
  usleep(500);
  return argument;
}

static void leave(pool *shared) {
  if (atomic_fetch_sub(&shared->users, 1) == 1) free(shared);
}

static void *work(void *argument) {
  pool *shared = argument;
  while (!shared->stop) usleep(100);
  leave(shared);
  return NULL;
}

/* Starts the threads of a pool, which are joined only if `joined`. */
static tenon_status start_pool(instance *self, int joined) {
  pool *shared = calloc(1, sizeof *shared);
  if (shared == NULL) return TENON_NO_MEMORY;
  shared->users = 1;
  self->pool = shared;
  for (; self->threads < 2; self->threads++) {
    shared->users++;
    if (pthread_create(&self->workers[self->threads], NULL, work, shared) != 0) {
      shared->users--;
      break;
    }
    if (!joined) pthread_detach(self->workers[self->threads]);
  }
  return TENON_OK;
}

static void stop_pool(instance *self, int joined) {
  self->pool->stop = 1;
  for (int i = 0; joined && i < self->threads; i++) pthread_join(self->workers[i], NULL);
  leave(self->pool);
}

static void *emit_once(void *argument) {
  instance *self = argument;
  self->begun = 1;
  emit(self);
  self->ended = 1;
  return NULL;
}

static void start_detached(void *(*run)(void *), void *argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, argument) == 0) pthread_detach(thread);
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)config, (void)config_len;
  (void)started, (void)stay, (void)emit_late, (void)emit_once, (void)start_detached, (void)alone, (void)emit;
  (void)end_soon, (void)start_pool, (void)stop_pool, (void)newest;
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  *state = self;
#if TRIP == TRIP_CONCURRENT_NEW
  if (!alone(&inside)) {
    free(self);
    return 42;
  }
#elif TRIP == TRIP_LOG_TEXT
  host->log(host, 42, "made", 4);
#elif TRIP == TRIP_LEFT_AFTER_DROP
  if (atomic_exchange(&started, 1) == 0) start_detached(stay, NULL);
#elif TRIP == TRIP_SLOW_EMIT
  if (pthread_create(&self->workers[0], NULL, emit_once, self) != 0) {
    free(self);
    return tenon_fail(error, TENON_NO_MEMORY, "no thread for an instance");
  }
  while (!self->begun) usleep(100);
#elif TRIP == TRIP_EMIT_AFTER_DROP
  newest = host;
#elif TRIP == TRIP_MASKED_POOL
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  start_pool(self, 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#elif TRIP == TRIP_POOL || TRIP == TRIP_JOINED
  start_pool(self, TRIP == TRIP_JOINED);
#endif
  return TENON_OK;
}

static void drop(void *state) {
  instance *self = state;
#if TRIP == TRIP_THREAD_OF_DROP
  start_detached(end_soon, NULL);
#elif TRIP == TRIP_POOL || TRIP == TRIP_MASKED_POOL || TRIP == TRIP_JOINED
  stop_pool(self, TRIP == TRIP_JOINED);
#elif TRIP == TRIP_SLOW_EMIT
  for (int i = 0; i < 200 && !self->ended; i++) usleep(1000);
  if (!self->ended) return; /* at least the thread does not use freed memory */
  pthread_join(self->workers[0], NULL);
#endif
  free(self);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
  (void)self, (void)inside;
  (void)known_here;
#if TRIP == TRIP_MANY_THREADS
  if (!known_here && ++self->threads > 16) return 42;
  known_here = 1;
#elif TRIP == TRIP_CONCURRENT_INSTANCES
  if (!alone(&inside)) return 42;
#elif TRIP == TRIP_CONCURRENT_CALLS
  if (!alone(&self->inside)) return 42;
#elif TRIP == TRIP_THREAD_NAME && defined(__linux__)
  prctl(PR_SET_NAME, "plugin");
#elif TRIP == TRIP_EVENTS
  self->host->emit(self->host, NULL, 5);
#elif TRIP == TRIP_BUSY
  while (emit(self) == TENON_BUSY) usleep(1000);
#elif TRIP == TRIP_EMIT_AFTER_DROP
  const tenon_host *to = newest;
  to->emit(to, (const uint8_t *)"event", 5);
#elif TRIP == TRIP_LATE_EMIT
  if (atomic_exchange(&self->begun, 1) == 0) start_detached(emit_late, (void *)(uintptr_t)self->host);
#elif TRIP == TRIP_SHARED_BUFFER
  static char result[64];
  size_t length = in_len < sizeof result ? in_len : sizeof result;
  for (size_t i = 0; i < length; i++) result[i] = 0;
  usleep(100);
  for (size_t i = 0; i < length; i++) result[i] = (char)in[i];
  usleep(100); /* long enough for another instance */
  return tenon_write(out, result, length);
#elif TRIP == TRIP_BUSY_RATE
  for (int i = 0; i < 100000 && emit(self) == TENON_BUSY; i++) {
  }
#endif
  return tenon_write(out, in, in_len);
}

#if TRIP == TRIP_CONCURRENT_CALLS
#define FLAGS TENON_THREAD_SAFE
#elif TRIP == TRIP_SHARED_BUFFER
#define FLAGS TENON_DETERMINISTIC
#else
#define FLAGS 0
#endif

TENON_PLUGIN_WITH(TRIP_NAME, "1.0.0", "", FLAGS, make, drop, call, NULL);
