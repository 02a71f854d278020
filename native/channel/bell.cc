#include "channel/bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace tenon {
uint64_t SpinTime(Profile profile) {
  if (profile == Profile::kEfficient || UsableCpus() == 1) return 0;
  return profile == Profile::kLatency ? 500000 : 50000;
}

void FutexWait(std::atomic<uint32_t> *word, uint64_t deadline) {
  timespec until;
  if (deadline != kNever) {
    until.tv_sec = static_cast<time_t>(deadline / 1000000000);
    until.tv_nsec = static_cast<long>(deadline % 1000000000);
  }
  /* FUTEX_WAIT_BITSET takes an absolute time of the monotonic clock. */
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET, 1, deadline == kNever ? nullptr : &until, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void FutexWake(std::atomic<uint32_t> *word) {
  syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace tenon
