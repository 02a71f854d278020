/* The jobs of one Node.js environment that are done: all its instances' threads put them in, one wake-up of
 * the event loop takes them out. Without locks, because at full speed both sides meet here for every job. */
#ifndef TENON_THREAD_COMPLETIONS_H
#define TENON_THREAD_COMPLETIONS_H

#include <atomic>
#include <mutex>

#include "thread/job.h"

namespace tenon {

/* Shared by the environment and the threads, which may outlive it. */
class Completions {
 public:
  ~Completions();

  /* `wake` must make the environment's thread call Take. Called by any thread, if the environment's sleeps.
   */
  void Open(void (*wake)(void *context), void *context);
  /* From here on nobody is woken up, and what is put in is freed. */
  void Close();

  /* [any-thread] */
  void Put(Job *job);

  /* All that follow are for the environment's thread. */

  /* There is something to take. */
  bool Any() const;
  /* Everything that is done, in order. From here on nobody wakes this thread up, which is awake. */
  JobList Take();
  /* This thread is to be woken up from here on. False if there is something to take already. */
  bool Sleep();

 private:
  void Wake();

  /* A stack. Its end tells whether the environment's thread is asleep (NULL), comes by itself (awake_), or
   * takes nothing any more (closed_). */
  std::atomic<Job *> newest_{nullptr};
  Job awake_{}, closed_{};

  std::mutex mutex_;
  void (*wake_)(void *context) = nullptr;
  void *context_ = nullptr;
};

}  // namespace tenon

#endif
