#include "channel/bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace tenon {
namespace {

bool HasSeveralCpus() {
  cpu_set_t allowed;
  /* More CPUs than the set can tell: the call fails, and there are certainly two. */
  return sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) > 1;
}

}  // namespace

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t SpinTime(Profile profile) {
  if (profile == Profile::kIdle || !HasSeveralCpus()) return 0;
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
