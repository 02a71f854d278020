#include "check/on_thread.h"

#include <dirent.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "check/clock.h"

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

}  // namespace

void OnThreads(size_t count, const std::function<void(size_t)> &work) {
  std::atomic<size_t> ready{0};
  std::vector<std::thread> threads;
  for (size_t number = 0; number < count; number++) {
    threads.emplace_back([&, number] {
      SignalStack stack;
      ready++;
      while (ready < count) std::this_thread::yield();
      work(number);
    });
  }
  for (std::thread &thread : threads) thread.join();
}

size_t CountThreads() {
  DIR *tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return 0;
  size_t count = 0;
  while (const dirent *entry = readdir(tasks)) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

void WaitForThreads(uint64_t ms) {
  uint64_t until = NowMs() + ms;
  while (NowMs() < until && CountThreads() > 1) SleepMs(2);
}

}  // namespace tenon::check
