#include "thread/spin.h"

#include <atomic>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tenon {
namespace {

std::atomic<int> spinning;

/* The commands of membarrier, from linux/membarrier.h. Linux since 4.14 can make all threads of the process
 * execute a fence. */
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

void SpinPermit::Ask() {
  static const int most = UsableCpus() - 1;
  int others = spinning.load(std::memory_order_relaxed);
  granted_ = others < most && spinning.compare_exchange_strong(others, others + 1, std::memory_order_relaxed);
}

SpinPermit::~SpinPermit() {
  if (granted_) spinning.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tenon
