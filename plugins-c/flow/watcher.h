/* watcher.h - a thread that waits until a source can read one of its sockets, and then wakes the host. Part of
 * tcp-source.c.
 *
 * The thread wakes the host once, and then waits until it is armed again. So there is one wake for all that comes in
 * between two pulls. Between watcher_disarm and watcher_arm the thread uses no socket, and they may be closed. */
#ifndef TENON_FLOW_WATCHER_H
#define TENON_FLOW_WATCHER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "tenon_frame.h"

typedef struct watcher {
  const tenon_host *host;
  int stop_wait; /* written to end the wait of the thread for sockets */
  pthread_t thread;
  pthread_mutex_t mutex; /* guards the members below */
  pthread_cond_t changed;
  struct pollfd *sockets; /* [0] is the other end of `stop_wait` */
  nfds_t count;           /* 0: the thread does not wait for sockets */
  bool stop;
} watcher;

/* Wakes the host. A host that is busy is asked again. */
static inline void watcher_wake(watcher *self) {
  const struct timespec moment = {0, 1000000};
  for (bool stop = false; !stop && self->host->emit(self->host, (const uint8_t *)"", 0) == TENON_BUSY;) {
    (void)nanosleep(&moment, NULL);
    pthread_mutex_lock(&self->mutex);
    stop = self->stop;
    pthread_mutex_unlock(&self->mutex);
  }
}

static inline void *watcher_run(void *argument) {
  watcher *self = (watcher *)argument;
  char ignored[64];
  pthread_mutex_lock(&self->mutex);
  for (;;) {
    while (!self->stop && self->count == 0) pthread_cond_wait(&self->changed, &self->mutex);
    if (self->stop) break;
    /* The sockets do not change meanwhile: watcher_arm follows watcher_disarm, which waits until `count` is 0. */
    const nfds_t count = self->count;
    pthread_mutex_unlock(&self->mutex);
    int ready;
    do ready = poll(self->sockets, count, -1);
    while (ready < 0 && errno == EINTR); /* if a signal ended this, nothing would wake the host */
    const bool stopped = ready <= 0 || self->sockets[0].revents != 0;
    if (stopped) (void)!read(self->sockets[0].fd, ignored, sizeof ignored);
    pthread_mutex_lock(&self->mutex);
    self->count = 0;
    pthread_cond_broadcast(&self->changed);
    if (stopped || self->stop) continue;
    pthread_mutex_unlock(&self->mutex);
    watcher_wake(self); /* never with a lock held */
    pthread_mutex_lock(&self->mutex);
  }
  pthread_mutex_unlock(&self->mutex);
  return NULL;
}

/* Starts the thread, for at most `most` sockets. Returns whether it runs. */
static inline bool watcher_start(watcher *self, const tenon_host *host, size_t most) {
  int ends[2];
  self->host = host;
  self->sockets = (struct pollfd *)calloc(most + 1, sizeof *self->sockets);
  if (self->sockets == NULL || pipe(ends) != 0) {
    free(self->sockets);
    return false;
  }
  for (int i = 0; i < 2; i++) {
    (void)fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
  }
  self->sockets[0].fd = ends[0];
  self->sockets[0].events = POLLIN;
  self->stop_wait = ends[1];
  pthread_mutex_init(&self->mutex, NULL);
  pthread_cond_init(&self->changed, NULL);
  if (pthread_create(&self->thread, NULL, watcher_run, self) == 0) return true;
  pthread_cond_destroy(&self->changed);
  pthread_mutex_destroy(&self->mutex);
  (void)close(ends[0]);
  (void)close(ends[1]);
  free(self->sockets);
  return false;
}

/* Ends the thread, and waits for it. */
static inline void watcher_stop(watcher *self) {
  pthread_mutex_lock(&self->mutex);
  self->stop = true;
  (void)!write(self->stop_wait, "", 1);
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->mutex);
  pthread_join(self->thread, NULL);
  pthread_cond_destroy(&self->changed);
  pthread_mutex_destroy(&self->mutex);
  (void)close(self->sockets[0].fd);
  (void)close(self->stop_wait);
  free(self->sockets);
}

/* Ends the wait of the thread for sockets. */
static inline void watcher_disarm(watcher *self) {
  pthread_mutex_lock(&self->mutex);
  if (self->count > 0) (void)!write(self->stop_wait, "", 1);
  while (self->count > 0) pthread_cond_wait(&self->changed, &self->mutex);
  pthread_mutex_unlock(&self->mutex);
}

/* Lets the thread wake the host when one of the sockets can be read. */
static inline void watcher_arm(watcher *self, const struct pollfd *sockets, size_t count) {
  pthread_mutex_lock(&self->mutex);
  memcpy(self->sockets + 1, sockets, count * sizeof *sockets);
  self->count = (nfds_t)count + 1;
  pthread_cond_broadcast(&self->changed);
  pthread_mutex_unlock(&self->mutex);
}

#endif /* TENON_FLOW_WATCHER_H */
