/* file_changes.h - wakes the host when a file was changed, or when another file has its path. Part of tail.c.
 *
 * Only Linux has this (inotify), and only for local file systems: a source must look again after some time, too. */
#ifndef TENON_FLOW_FILE_CHANGES_H
#define TENON_FLOW_FILE_CHANGES_H

#include <stdio.h>
#if defined(__linux__)
#include <sys/inotify.h>
#endif

#include "watcher.h"

typedef struct file_changes {
  bool started;
  int watch; /* of the open file; -1 if there is none */
  struct pollfd events;
  watcher watcher;
} file_changes;

#if defined(__linux__)

/* Watches the folder of a path for files that appear. Without an effect where that cannot be done. */
static inline void file_changes_start(file_changes *self, const tenon_host *host, const char *path) {
  char folder[4096] = ".";
  const char *slash = strrchr(path, '/');
  if (slash != NULL)
    (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  const struct pollfd events = {inotify_init1(IN_NONBLOCK | IN_CLOEXEC), POLLIN, 0};
  if (events.fd < 0) return;
  self->events = events;
  self->watch = -1;
  self->started = inotify_add_watch(events.fd, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0 &&
                  watcher_start(&self->watcher, host, 1);
  if (!self->started) (void)close(events.fd);
}

/* Watches the file that has the path now, instead of the one before. */
static inline void file_changes_open(file_changes *self, const char *path) {
  if (!self->started) return;
  if (self->watch >= 0) (void)inotify_rm_watch(self->events.fd, self->watch);
  self->watch = inotify_add_watch(self->events.fd, path, IN_MODIFY);
}

#else

static inline void file_changes_start(file_changes *self, const tenon_host *host, const char *path) {
  (void)self, (void)host, (void)path;
}
static inline void file_changes_open(file_changes *self, const char *path) {
  (void)self, (void)path;
}

#endif

/* Forgets the changes so far: the source looks at its files now. */
static inline void file_changes_look(file_changes *self) {
  char ignored[4096];
  if (!self->started) return;
  watcher_disarm(&self->watcher);
  while (read(self->events.fd, ignored, sizeof ignored) > 0) continue;
}

/* Wakes the host at the next change. */
static inline void file_changes_await(file_changes *self) {
  if (self->started) watcher_arm(&self->watcher, &self->events, 1);
}

static inline void file_changes_stop(file_changes *self) {
  if (!self->started) return;
  watcher_stop(&self->watcher);
  (void)close(self->events.fd);
  self->started = false;
}

#endif /* TENON_FLOW_FILE_CHANGES_H */
