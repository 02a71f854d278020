/* How threads of the host's process wait for each other: first awake, if that was worth it lately, then
 * asleep. A thread that is awake takes the next message in a fraction of the time that waking it up costs. */
#ifndef TENON_THREAD_SPIN_H
#define TENON_THREAD_SPIN_H

#include <stdint.h>

#include <mutex>

#include "base/clock.h"
#include "base/cpu.h"

namespace tenon {

/* For at most so long a thread waits awake: about as long as waking it up takes where that takes longest, on
 * an idle CPU of a virtual machine. */
constexpr uint64_t kSpinTime = 50000;

/* Two full fences that meet each other, as if both were std::atomic_thread_fence: one for the side that comes
 * here for every message and pays nothing, the other for the one that is about to sleep. */
void FenceOfMany();
void FenceOfOne();

/* Takes a mutex that is never held for long. Going to sleep over it would cost more than all that is done
 * under it. */
inline std::unique_lock<std::mutex> LockBriefly(std::mutex &mutex) {
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  for (int i = 0; i < 200; i++) {
    if (lock.try_lock()) return lock;
    Relax();
  }
  lock.lock();
  return lock;
}

/* The right to wait awake, which fewer threads have than there are CPUs; with one CPU none has it. */
class SpinPermit {
 public:
  SpinPermit() { Ask(); }
  ~SpinPermit();
  void Ask();
  SpinPermit(const SpinPermit &) = delete;
  SpinPermit &operator=(const SpinPermit &) = delete;
  bool granted() const { return granted_; }

 private:
  bool granted_ = false;
};

/* One waiter's memory of whether waiting awake was worth it: each time it was in vain, it is not tried for
 * twice as many times. */
class Patience {
 public:
  /* Waits awake for what `ready` tells, for a while, if that promises something. */
  template <typename Ready>
  void Spin(const Ready &ready) {
    if (ready()) return;
    if (skip_ > 0) {
      skip_--;
      return;
    }
    SpinPermit permit;
    /* The other side may be about to give its permit back: it has what it waited for. */
    for (int i = 0; !permit.granted(); i++) {
      if (i == 64) return;
      if (ready()) return;
      Relax();
      permit.Ask();
    }
    uint64_t end = Now() + kSpinTime;
    do {
      for (int i = 0; i < 64; i++) {
        if (ready()) {
          in_vain_ = 0;
          return;
        }
        Relax();
      }
    } while (Now() < end);
    if (in_vain_ < kMostInVain) in_vain_++;
    skip_ = (1u << in_vain_) - 1;
  }

 private:
  static constexpr uint32_t kMostInVain = 6;
  uint32_t in_vain_ = 0;
  uint32_t skip_ = 0;
};

}  // namespace tenon

#endif
