#include "check/on_thread.h"

#include <sched.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "check/clock.h"
#include "check/failure.h"
#include "check/procfs.h"

namespace tenon::check {
namespace {

/* The alternate stack for signals. The crash handler needs it to run after a stack overflow. */
class SignalStack {
 public:
  SignalStack() : memory_(new char[kSize]) {
    stack_t stack = {};
    stack.ss_sp = memory_.get();
    stack.ss_size = kSize;
    sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }

 private:
  static constexpr size_t kSize = 64 * 1024;
  std::unique_ptr<char[]> memory_;
};

void *RunWork(void *argument) {
  std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()> *>(argument));
  (*work)();
  return nullptr;
}

}  // namespace

Thread::Thread(std::function<void()> work) : thread_() {
  auto *kept = new std::function<void()>(std::move(work));
  int error = pthread_create(&thread_, nullptr, RunWork, kept);
  if (error != 0) FailChecker("start a thread", error);
}

void Thread::Join() {
  pthread_join(thread_, nullptr);
}

void Thread::Detach() {
  pthread_detach(thread_);
}

void OnThreads(size_t count, const std::function<void(size_t)> &work) {
  std::atomic<size_t> ready{0};
  std::vector<Thread> threads;
  threads.reserve(count);
  for (size_t number = 0; number < count; number++) {
    threads.emplace_back([&, number] {
      SignalStack stack;
      ready++;
      while (ready < count) sched_yield();
      work(number);
    });
  }
  for (Thread &thread : threads) thread.Join();
}

size_t CountThreads() {
  return RunningThreads().size();
}

void WaitForThreads(uint64_t ms) {
  uint64_t until = NowMs() + ms;
  while (NowMs() < until && CountThreads() > 1) SleepMs(2);
}

}  // namespace tenon::check
