/* lifecycle.c - a sound plugin with one fault in its instances, selected by TRIP. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RUSAGE_THREAD, dladdr */
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tenon.h"

#define TRIP_NEW               1  /* drop cannot handle an instance that was never called */
#define TRIP_STATE_WRITTEN     2  /* assumes that `*state` is NULL beforehand */
#define TRIP_CYCLES            3  /* instances without a call keep their place in a table */
#define TRIP_INTERLEAVED       4  /* the count of calls does not belong to the instance */
#define TRIP_EMPTY_CONFIG      5  /* reads the first byte */
#define TRIP_CONFIG_BOUNDS     6  /* reads the byte past the end */
#define TRIP_HUGE_CONFIG       7  /* aborts at a word that exceeds its bound */
#define TRIP_NESTED_CONFIG     8  /* recurses for each level */
#define TRIP_INVALID_JSON      9  /* ends the process */
#define TRIP_INVALID_UTF8      10 /* quotes it as it is */
#define TRIP_KEPT_CONFIG       11 /* reads it in a call */
#define TRIP_FAILED_NEW        12 /* a failed new keeps its place in a table */
#define TRIP_DROP_AFTER_ERRORS 13 /* aborts after a number of errors */
#define TRIP_DROP_WHEN_IDLE    14
#define TRIP_MOVED_THREAD      15 /* drops only on the thread that created or called it */
#define TRIP_THREAD_EXIT       16 /* depends on data that ends with the thread that created it */
#define TRIP_EXIT              17
#define TRIP_SECOND_COPY       18 /* finds another copy in a variable of the C library */
#define TRIP_PRIVATE_COPY      20 /* depends on the name of its own file */
#define TRIP_RELOAD            19 /* leaves a destructor of thread-local data behind */

typedef struct instance {
  unsigned calls, errors;
  const uint8_t *config;
  size_t config_len;
  unsigned number;
  pthread_t maker, caller;
  struct timespec last;
  long switches;
} instance;

/* ---- The faults; each section has the functions that it needs ---- */

#if TRIP == TRIP_NESTED_CONFIG
static size_t depth_of(const uint8_t *at, const uint8_t *end) __attribute__((noinline));
static size_t depth_of(const uint8_t *at, const uint8_t *end) {
  if (at == end || (*at != '[' && *at != '{')) return 0;
  volatile uint8_t scratch[256];
  scratch[0] = *at;
  return depth_of(at + 1, end) + (scratch[0] != 0);
}
#endif

#if TRIP == TRIP_HUGE_CONFIG
static void read_words(const uint8_t *config, size_t config_len) {
  size_t length = 0;
  for (size_t i = 0; i < config_len; i++) {
    length = config[i] >= 'a' && config[i] <= 'z' ? length + 1 : 0;
    if (length > 1 << 16) abort();
  }
}
#endif

#if TRIP == TRIP_DROP_WHEN_IDLE
/* Returns how often this thread went to sleep. A thread that only waited for a processor was not idle. */
static long count_switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

static void note_work(instance *self) {
  clock_gettime(CLOCK_MONOTONIC, &self->last);
  self->switches = count_switches();
}

static int was_idle(const instance *self) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long ms = (long)(now.tv_sec - self->last.tv_sec) * 1000 + (now.tv_nsec - self->last.tv_nsec) / 1000000;
  return ms >= 250 && count_switches() != self->switches;
}
#endif

#if TRIP == TRIP_THREAD_EXIT
/* Instances are identified by number, because a thread may end later than its instances. */
enum { MOST_INSTANCES = 1 << 16 };
static atomic_uint made;
static atomic_char gone[MOST_INSTANCES];
static pthread_key_t maker_ends;
static int has_key;

static void on_thread_end(void *number) {
  gone[(uintptr_t)number % MOST_INSTANCES] = 1;
}

static void make_key(void) {
  if (pthread_key_create(&maker_ends, on_thread_end) == 0) has_key = 1;
}

/* Removes the key when the library is unloaded. */
__attribute__((destructor)) static void delete_key(void) {
  if (has_key) pthread_key_delete(maker_ends);
}
#endif

#if TRIP == TRIP_RELOAD
static pthread_key_t caller_ends;

static void on_thread_end(void *nothing) {
  (void)nothing;
}

static void make_key(void) {
  pthread_key_create(&caller_ends, on_thread_end);
}
#endif

#if TRIP == TRIP_EXIT
static void on_end(int status, void *nothing) {
  (void)status, (void)nothing;
  abort();
}

static void register_end(void) {
  on_exit(on_end, NULL);
}
#endif

#if TRIP == TRIP_THREAD_EXIT || TRIP == TRIP_RELOAD || TRIP == TRIP_EXIT
static pthread_once_t once = PTHREAD_ONCE_INIT;
#endif

#if TRIP == TRIP_INTERLEAVED
static _Thread_local unsigned calls;
#endif
#if TRIP == TRIP_CYCLES || TRIP == TRIP_FAILED_NEW || TRIP == TRIP_SECOND_COPY
static int places_taken;
#endif

#if TRIP == TRIP_PRIVATE_COPY
#include <dlfcn.h>
static const char own_address;
#endif

/* ---- The plugin ---- */

static tenon_status check_config(const uint8_t *config, size_t config_len, tenon_out *error) {
  (void)config, (void)config_len, (void)error;
#if TRIP == TRIP_EMPTY_CONFIG
  if (config_len == 0 && *(const volatile uint8_t *)config == 'x') return TENON_INVALID;
#elif TRIP == TRIP_CONFIG_BOUNDS
  if (config_len > 0 && ((const volatile uint8_t *)config)[config_len] == 'x') return TENON_INVALID;
#elif TRIP == TRIP_HUGE_CONFIG
  read_words(config, config_len);
#elif TRIP == TRIP_NESTED_CONFIG
  if (config_len > 0 && depth_of(config, config + config_len) > config_len) return TENON_INVALID;
#elif TRIP == TRIP_INVALID_JSON
  if (config_len > 4 && config[0] == 'n') abort();
#elif TRIP == TRIP_INVALID_UTF8
  for (size_t i = 0; i < config_len; i++) {
    if (config[i] < 0x80) continue;
    (void)tenon_write(error, config, config_len);
    return TENON_INVALID;
  }
#elif TRIP == TRIP_FAILED_NEW
  if (places_taken > 50) return tenon_fail(error, TENON_FAILED, "too many instances");
  if (config_len > 4 && config[0] == 'n') {
    places_taken++;
    return tenon_fail(error, TENON_INVALID, "nonsense");
  }
#elif TRIP == TRIP_PRIVATE_COPY
  Dl_info self;
  if (dladdr((const void *)&own_address, &self) == 0 || strstr(self.dli_fname, TRIP_NAME) == NULL)
    return tenon_fail(error, TENON_FAILED, "its data is not next to it");
#elif TRIP == TRIP_CYCLES
  if (places_taken > 500) return tenon_fail(error, TENON_FAILED, "too many instances");
#elif TRIP == TRIP_SECOND_COPY
  if (optopt - '?' > places_taken) return tenon_fail(error, TENON_FAILED, "another copy is at work");
#endif
  return TENON_OK;
}

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host;
  tenon_status status = check_config(config, config_len, error);
  if (status != TENON_OK) return status;
#if TRIP == TRIP_STATE_WRITTEN
  return TENON_OK;
#endif
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory");
  self->config = config;
  self->config_len = config_len;
  self->maker = self->caller = pthread_self();
  *state = self;
#if TRIP == TRIP_INTERLEAVED
  calls = 0;
#elif TRIP == TRIP_DROP_WHEN_IDLE
  note_work(self);
#elif TRIP == TRIP_THREAD_EXIT
  pthread_once(&once, make_key);
  self->number = atomic_fetch_add(&made, 1) + 1;
  pthread_setspecific(maker_ends, (void *)(uintptr_t)self->number);
#elif TRIP == TRIP_EXIT
  pthread_once(&once, register_end);
#elif TRIP == TRIP_SECOND_COPY
  optopt = ++places_taken + '?';
#endif
  return TENON_OK;
}

static void drop(void *state) {
  instance *self = state;
#if TRIP == TRIP_NEW
  if (self->calls == 0) abort();
#elif TRIP == TRIP_CYCLES
  if (self->calls == 0) places_taken++;
#elif TRIP == TRIP_DROP_AFTER_ERRORS
  if (self->errors >= 16) abort();
#elif TRIP == TRIP_DROP_WHEN_IDLE
  if (was_idle(self)) abort();
#elif TRIP == TRIP_MOVED_THREAD
  if (!pthread_equal(pthread_self(), self->maker) && !pthread_equal(pthread_self(), self->caller)) abort();
#elif TRIP == TRIP_SECOND_COPY
  optopt = --places_taken + '?';
#endif
  free(self);
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  instance *self = state;
#if TRIP == TRIP_STATE_WRITTEN
  (void)self;
#else
  self->calls++;
  self->caller = pthread_self();
#endif
#if TRIP == TRIP_INTERLEAVED
  calls++;
  return tenon_write(out, &calls, sizeof calls);
#elif TRIP == TRIP_KEPT_CONFIG
  if (self->config_len > 0 && *(const volatile uint8_t *)self->config == 'x') return TENON_FAILED;
#elif TRIP == TRIP_DROP_WHEN_IDLE
  note_work(self);
#elif TRIP == TRIP_THREAD_EXIT
  if (gone[self->number % MOST_INSTANCES])
    return tenon_fail(out, TENON_FAILED, "the thread has taken it along");
#elif TRIP == TRIP_RELOAD
  pthread_once(&once, make_key);
  pthread_setspecific(caller_ends, self);
#endif
  tenon_status status = tenon_write(out, in, in_len);
#if TRIP == TRIP_DROP_AFTER_ERRORS
  self->errors = status == TENON_OK ? 0 : self->errors + 1;
#endif
  return status;
}

TENON_PLUGIN(TRIP_NAME, "1.0.0", make, drop, call);
