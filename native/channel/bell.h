/* How one side of a channel waits for the other: first awake, then asleep on a futex in the shared memory. */
#ifndef TENON_CHANNEL_BELL_H
#define TENON_CHANNEL_BELL_H

#include <stdint.h>

#include <algorithm>
#include <atomic>

#include "base/clock.h"
#include "base/cpu.h"

namespace tenon {

/* When a wait is over. The clock is read only when it comes to waiting, so that a call that is answered at
 * once does not pay. */
class Deadline {
 public:
  /* `timeout` in nanoseconds from now on, kNever, or 0. */
  explicit Deadline(uint64_t timeout) : timeout_(timeout) {}
  uint64_t At() {
    if (at_ == 0) at_ = After(Now(), timeout_);
    return at_;
  }
  bool HasPassed() { return timeout_ == 0 || (At() != kNever && Now() >= At()); }

 private:
  uint64_t timeout_;
  uint64_t at_ = 0;
};

/* How long to stay awake before going to sleep. Spinning is only worth it while the other side runs on
 * another CPU. */
enum class Profile : uint32_t { kLatency = 0, kBalanced = 1, kEfficient = 2 };
uint64_t SpinTime(Profile profile);

/* Waits awake until `ready()` says true, for at most `time` nanoseconds. */
template <typename Ready>
bool Spin(uint64_t time, const Ready &ready) {
  if (time == 0) return ready();
  uint64_t end = 0;
  for (;;) {
    for (int i = 0; i < 128; i++) {
      if (ready()) return true;
      Relax();
    }
    uint64_t now = Now();
    if (end == 0) end = now + time;
    if (now >= end) return ready();
  }
}

/* One side's way to wait awake, and its memory of whether that was worth it: each time it was in vain, it is
 * not tried for twice as many times. On a machine that is so busy that both sides share one CPU, waiting
 * awake keeps the other side from working. */
class Wakefulness {
 public:
  void SetTime(uint64_t time) { time_ = time; }
  /* What is waited for next moves so many bytes. To sleep and be woken meanwhile costs more than to wait
   * awake a little longer. */
  void Expect(uint64_t bytes) { more_ = time_ == 0 ? 0 : std::min(bytes / kBytesPerNanosecond, kMostMore); }

  /* Waits awake, for a while, if that promises something. */
  template <typename Ready>
  bool Wait(const Ready &ready) {
    if (time_ == 0 || ready()) return ready();
    if (skip_ > 0) {
      skip_--;
      return false;
    }
    if (Spin(time_ + more_, ready)) {
      in_vain_ = 0;
      return true;
    }
    if (in_vain_ < kMostInVain) in_vain_++;
    skip_ = (1u << in_vain_) - 1;
    return false;
  }

 private:
  static constexpr uint32_t kMostInVain = 6;
  static constexpr uint64_t kBytesPerNanosecond = 8;
  static constexpr uint64_t kMostMore = 500000;
  uint64_t time_ = 0;
  uint64_t more_ = 0; /* beside time_ */
  uint32_t in_vain_ = 0;
  uint32_t skip_ = 0; /* times that it is not tried */
};

/* Sleeps while the word is 1, until `deadline`. Wakes up early at will. */
void FutexWait(std::atomic<uint32_t> *word, uint64_t deadline);
void FutexWake(std::atomic<uint32_t> *word);

/* Sleeps until the other side rings, unless `ready()` is true by then. The caller looks again in any case. */
template <typename Ready>
void Sleep(std::atomic<uint32_t> *word, uint64_t deadline, const Ready &ready) {
  word->store(1, std::memory_order_seq_cst);
  /* The other side publishes first and looks at the word second, this side the other way round: one of them
   * sees the other. */
  if (!ready()) FutexWait(word, deadline);
  word->store(0, std::memory_order_relaxed);
}

/* Call after having published and a memory_order_seq_cst fence or store. A system call only if somebody
 * sleeps. */
inline void Ring(std::atomic<uint32_t> *word) {
  if (word->load(std::memory_order_seq_cst) == 0) return;
  word->store(0, std::memory_order_relaxed);
  FutexWake(word);
}

}  // namespace tenon

#endif
