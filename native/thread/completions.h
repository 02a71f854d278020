/* The finished jobs of one Node.js environment. The threads of all its instances add jobs, and one wake-up of
 * the event loop takes them. It is lock-free, because at full speed both sides access it for every job. */
#ifndef TENON_THREAD_COMPLETIONS_H
#define TENON_THREAD_COMPLETIONS_H

#include <atomic>
#include <mutex>

#include "thread/job.h"

namespace tenon {

/* A queue shared by the environment and its threads, which may outlive it. */
class Completions {
 public:
  ~Completions();

  /* Sets the wake-up. `wake` must make the environment's thread call Take. Any thread calls it while the
   * environment's thread sleeps. */
  void Open(void (*wake)(void *context), void *context);
  /* Ends the wake-ups: from here on, jobs that are put in are freed. */
  void Close();

  /* Adds a finished job. [any-thread] */
  void Put(Job *job);

  /* The functions below are for the environment's thread. */

  /* Whether there are finished jobs. */
  bool Any() const;
  /* Takes all finished jobs, in order. From here on this thread counts as awake, and Put does not wake it. */
  JobList Take();
  /* Requests a wake-up from here on. Returns false if there are finished jobs already. */
  bool Sleep();

 private:
  void Wake();

  /* A stack of jobs. Its last link is the state of the environment's thread: asleep (NULL), awake (awake_),
   * or closed (closed_). */
  std::atomic<Job *> newest_{nullptr};
  Job awake_{}, closed_{};

  std::mutex mutex_;
  void (*wake_)(void *context) = nullptr;
  void *context_ = nullptr;
};

}  // namespace tenon

#endif
