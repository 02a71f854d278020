/* The wait of threads of the host's process for each other. They spin first, backing off when spinning does
 * not pay, then sleep. A spinning thread takes the next message in a fraction of the time that a wake-up
 * costs. */
#ifndef TENON_THREAD_SPIN_H
#define TENON_THREAD_SPIN_H

#include <stdint.h>

#include <mutex>

#include "base/clock.h"
#include "base/cpu.h"

namespace tenon {

/* The longest time to spin, in nanoseconds. That is about as long as a wake-up takes in the worst case, on an
 * idle CPU of a virtual machine. */
constexpr uint64_t kSpinTime = 50000;

/* A pair of full fences, as if both were std::atomic_thread_fence. FenceOfMany is for the side that executes
 * it for every message, and costs nothing. FenceOfOne is for the side that is about to sleep. */
void FenceOfMany();
void FenceOfOne();

/* Locks a mutex that is held only briefly. Sleeping would cost more than all the work done under the
 * mutex. */
inline std::unique_lock<std::mutex> LockBriefly(std::mutex &mutex) {
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  for (int i = 0; i < 200; i++) {
    if (lock.try_lock()) return lock;
    Relax();
  }
  lock.lock();
  return lock;
}

/* A permit to spin. Fewer threads hold one than there are CPUs, so with one CPU no thread spins. */
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

/* Decides when a thread spins, backing off when spinning does not pay: after each failure in a row, up to a
 * limit, it skips twice as many attempts. */
class Patience {
 public:
  /* Spins until `ready` returns true, for a while, unless recent attempts failed. */
  template <typename Ready>
  void Spin(const Ready &ready) {
    if (ready()) return;
    if (skip_ > 0) {
      skip_--;
      return;
    }
    SpinPermit permit;
    /* The other side may be about to return its permit, because its own wait has ended. */
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
          failures_ = 0;
          return;
        }
        Relax();
      }
    } while (Now() < end);
    if (failures_ < kMostFailures) failures_++;
    skip_ = (1u << failures_) - 1;
  }

 private:
  static constexpr uint32_t kMostFailures = 6;
  uint32_t failures_ = 0;
  uint32_t skip_ = 0;
};

}  // namespace tenon

#endif
