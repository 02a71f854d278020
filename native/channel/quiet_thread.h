/* Threads of the runner besides the one that calls the plugin. */
#ifndef TENON_CHANNEL_QUIET_THREAD_H
#define TENON_CHANNEL_QUIET_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

namespace tenon {

/* Starts a detached thread with a small stack. The thread blocks all signals, because signals belong to the
 * plugin. */
inline bool StartQuietThread(void *(*run)(void *), void *argument) {
  constexpr size_t kStack = 64 * 1024;
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace tenon

#endif
