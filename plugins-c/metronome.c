/* metronome - emits an event at an interval. A plugin with a thread of its own, which sends events outside of
 * calls.
 *
 * EVENT   the number of the tick, from 1, as an unsigned 64-bit little-endian integer.
 * RESULT  the number of ticks so far, in the same form. The input is ignored.
 * CONFIG  {"interval": ms}  1 to 86400000 (default 1000)
 *         {"count": n}      stops after n ticks (default 0: until the instance is closed) */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tenon_config.h"

/* A clock that does not jump. macOS cannot wait with it. */
#if defined(__APPLE__)
#define METRONOME_CLOCK CLOCK_REALTIME
#else
#define METRONOME_CLOCK CLOCK_MONOTONIC
#endif

typedef struct metronome {
  const tenon_host *host; /* valid until `drop` returns, and thus while the thread runs */
  int64_t interval, count;
  pthread_t thread;
  pthread_mutex_t mutex; /* guards the members below */
  pthread_cond_t wake;   /* signalled when `stop` is set */
  int stop;
  uint64_t ticks;
  uint64_t lost; /* ticks that did not fit into the host's queue */
} metronome;

/* Waits until `*due`, or until `drop` asks the thread to end; returns false in that case. It uses a condition
 * variable instead of a sleep, because closing a metronome with an interval of a day must not take a day. */
static int wait_until(metronome *self, const struct timespec *due) {
  int waited = 0;
  while (!self->stop && waited != ETIMEDOUT) waited = pthread_cond_timedwait(&self->wake, &self->mutex, due);
  return !self->stop;
}

/* Emits the tick. Returns false if the host accepts no more events. */
static int emit_tick(metronome *self, uint64_t tick) {
  switch (self->host->emit(self->host, (const uint8_t *)&tick, sizeof tick)) {
    case TENON_OK:
      return 1;
    case TENON_BUSY: /* an old tick is useless: drop it instead of waiting, and report that once */
      if (self->lost++ == 0) {
        static const char lost[] = "metronome: the host does not keep up, ticks are lost";
        self->host->log(self->host, TENON_LOG_WARN, lost, sizeof lost - 1);
      }
      return 1;
    case TENON_UNSUPPORTED: /* a host without events: keep counting for `something` */
      return 1;
    default: /* TENON_CLOSED */
      return 0;
  }
}

static void *metronome_run(void *argument) {
  metronome *self = argument;
  struct timespec due;
  clock_gettime(METRONOME_CLOCK, &due);
  pthread_mutex_lock(&self->mutex);
  for (uint64_t tick = 1; self->count == 0 || tick <= (uint64_t)self->count; tick++) {
    /* Add to the time that was due, not to the current time, so that delays do not accumulate. */
    due.tv_sec += self->interval / 1000;
    due.tv_nsec += self->interval % 1000 * 1000000;
    if (due.tv_nsec >= 1000000000) due.tv_sec++, due.tv_nsec -= 1000000000;
    if (!wait_until(self, &due)) break;
    self->ticks = tick;
    /* Never call the host with a lock held: it may call back and need a lock that another thread holds. */
    pthread_mutex_unlock(&self->mutex);
    int go_on = emit_tick(self, tick);
    pthread_mutex_lock(&self->mutex);
    if (!go_on) break;
  }
  pthread_mutex_unlock(&self->mutex);
  return NULL;
}

static int start(metronome *self) {
  pthread_condattr_t by_clock;
  pthread_mutex_init(&self->mutex, NULL);
  pthread_condattr_init(&by_clock);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&by_clock, METRONOME_CLOCK);
#endif
  pthread_cond_init(&self->wake, &by_clock);
  pthread_condattr_destroy(&by_clock);
  return pthread_create(&self->thread, NULL, metronome_run, self);
}

static void release(metronome *self) {
  pthread_cond_destroy(&self->wake);
  pthread_mutex_destroy(&self->mutex);
  free(self);
}

static tenon_status metronome_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                  void **state, tenon_out *error) {
  int64_t interval = 1000, count = 0;
  const tenon_config_field fields[] = {
      TENON_CONFIG_INT("interval", &interval, 1, 86400000),
      TENON_CONFIG_INT("count", &count, 0, INT64_C(1000000000000)),
  };
  tenon_status status = tenon_config_read(config, config_len, fields, sizeof fields / sizeof *fields, error);
  if (status != TENON_OK) return status;

  metronome *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  self->host = host;
  self->interval = interval;
  self->count = count;
  if (start(self) != 0) {
    release(self);
    return tenon_fail(error, TENON_FAILED, "cannot start a thread");
  }
  *state = self;
  return TENON_OK;
}

/* Joins the thread before it returns: after that, neither the host nor this instance may be used. */
static void metronome_drop(void *state) {
  metronome *self = state;
  pthread_mutex_lock(&self->mutex);
  self->stop = 1;
  pthread_cond_signal(&self->wake);
  pthread_mutex_unlock(&self->mutex);
  pthread_join(self->thread, NULL);
  release(self);
}

static tenon_status metronome_ticks(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)in, (void)in_len;
  metronome *self = state;
  pthread_mutex_lock(&self->mutex);
  uint64_t ticks = self->ticks;
  pthread_mutex_unlock(&self->mutex);
  return tenon_write(out, &ticks, sizeof ticks);
}

TENON_PLUGIN("metronome", "1.0.0", metronome_new, metronome_drop, metronome_ticks);
