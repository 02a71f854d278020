#include "thread/spin.h"

#include <atomic>
#include <chrono>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tenon {
namespace {

int UsableCpus() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::atomic<int> spinning;

/* Linux since 4.14 can have all threads of the process pass a fence; numbers from linux/membarrier.h. */
constexpr int kExpedited = 1 << 3, kRegisterExpedited = 1 << 4;

bool Membarrier(int command) {
#if defined(__linux__) && defined(SYS_membarrier)
  return syscall(SYS_membarrier, command, 0, 0) == 0;
#else
  (void)command;
  return false;
#endif
}

const bool can_fence_all = Membarrier(kRegisterExpedited);

}  // namespace

void FenceOfMany() {
  if (can_fence_all) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

void FenceOfOne() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (can_fence_all) Membarrier(kExpedited);
}

uint64_t SteadyNow() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void SpinPermit::Ask() {
  static const int most = UsableCpus() - 1;
  int others = spinning.load(std::memory_order_relaxed);
  granted_ = others < most && spinning.compare_exchange_strong(others, others + 1, std::memory_order_relaxed);
}

SpinPermit::~SpinPermit() {
  if (granted_) spinning.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tenon
