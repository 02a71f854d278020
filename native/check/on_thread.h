/* Threads on which the checker calls the plugin. */
#ifndef TENON_CHECK_ON_THREAD_H
#define TENON_CHECK_ON_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <functional>

namespace tenon::check {

/* A thread of the checker. If it cannot be started, the scenario is incomplete. */
class Thread {
 public:
  explicit Thread(std::function<void()> work);
  Thread(Thread &&other) noexcept : thread_(other.thread_) {}
  Thread(const Thread &) = delete;
  Thread &operator=(const Thread &) = delete;

  /* Each thread is joined or detached exactly once. */
  void Join();
  void Detach();

 private:
  pthread_t thread_;
};

/* Runs `work` on `count` threads that start together, and waits until all have ended. Each call receives the
 * number of its thread. `work` must not end the scenario. */
void OnThreads(size_t count, const std::function<void(size_t number)> &work);

/* Returns the number of threads of this process, including those of the plugin. */
size_t CountThreads();

/* Waits `ms` milliseconds for threads of the plugin. Returns earlier once no other threads exist. */
void WaitForThreads(uint64_t ms);

}  // namespace tenon::check

#endif
