/* The wait of one end of a channel for the other: it spins first, then sleeps on a futex in the shared
 * memory. */
#ifndef TENON_CHANNEL_BELL_H
#define TENON_CHANNEL_BELL_H

#include <stdint.h>

#include <algorithm>
#include <atomic>

#include "base/clock.h"
#include "base/cpu.h"

namespace tenon {

/* The end of a wait. The clock is read only when the wait begins, so that a call whose answer is already
 * there does not pay for it. Time in which this process did not run does not count: it could not have seen the
 * answer. */
class Deadline {
 public:
  /* `timeout` is in nanoseconds from the first check, or kNever, or 0. */
  explicit Deadline(uint64_t timeout) : timeout_(timeout) {}
  uint64_t At() {
    if (at_ == 0) at_ = After(Now(), timeout_);
    return at_;
  }
  /* Call it at least every few milliseconds of a wait. A longer gap between two calls means that this process
   * was stopped. */
  bool HasPassed() {
    if (timeout_ == 0) return true;
    if (At() == kNever) return false;
    uint64_t now = Now();
    if (checked_ != 0 && now - checked_ > kPause) at_ = After(at_, now - checked_);
    checked_ = now;
    return now >= at_;
  }
  /* Announces that the time since the last check was spent on work. */
  void HasWorked() { checked_ = 0; }

 private:
  /* The shortest gap that counts as a pause, in nanoseconds. */
  static constexpr uint64_t kPause = 50000000;
  uint64_t timeout_;
  uint64_t at_ = 0;
  uint64_t checked_ = 0;
};

/* The policy by which an end spins before it sleeps. Spinning only pays while the other end runs on another
 * CPU. */
enum class Profile : uint32_t { kLatency = 0, kBalanced = 1, kEfficient = 2 };
/* Returns the time to spin, in nanoseconds. */
uint64_t SpinTime(Profile profile);

/* Spins until `ready()` returns true, for at most `time` nanoseconds. Returns the last result of
 * `ready()`. */
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

/* Decides when an end spins, backing off when spinning does not pay: after each failure in a row, up to a
 * limit, it skips twice as many attempts. On a machine so busy that both ends share one CPU, spinning keeps
 * the other end from running. */
class Wakefulness {
 public:
  void SetTime(uint64_t time) { time_ = time; }
  /* Announces the size of the data that the next wait moves. Spinning a little longer costs less than
   * sleeping and waking up during the transfer. */
  void Expect(uint64_t bytes) { more_ = time_ == 0 ? 0 : std::min(bytes / kBytesPerNanosecond, kMostMore); }

  /* Spins for a while, unless recent attempts failed. Returns whether `ready()` was true. */
  template <typename Ready>
  bool Wait(const Ready &ready) {
    if (time_ == 0 || ready()) return ready();
    if (skip_ > 0) {
      skip_--;
      return false;
    }
    if (Spin(time_ + more_, ready)) {
      failures_ = 0;
      return true;
    }
    if (failures_ < kMostFailures) failures_++;
    skip_ = (1u << failures_) - 1;
    return false;
  }

 private:
  static constexpr uint32_t kMostFailures = 6;
  static constexpr uint64_t kBytesPerNanosecond = 8;
  static constexpr uint64_t kMostMore = 500000;
  uint64_t time_ = 0;
  uint64_t more_ = 0; /* nanoseconds to spin in addition to time_ */
  uint32_t failures_ = 0;
  uint32_t skip_ = 0; /* attempts still to skip */
};

/* Sleeps while the word is 1, until `deadline`. Spurious wake-ups are possible. */
void FutexWait(std::atomic<uint32_t> *word, uint64_t deadline);
void FutexWake(std::atomic<uint32_t> *word);

/* Sleeps until the other end rings, unless `ready()` is already true. The caller checks again in any case. */
template <typename Ready>
void Sleep(std::atomic<uint32_t> *word, uint64_t deadline, const Ready &ready) {
  word->store(1, std::memory_order_seq_cst);
  /* The other end publishes first and reads the word second. This end writes the word first and checks
   * second. So at least one of them sees the other. */
  if (!ready()) FutexWait(word, deadline);
  word->store(0, std::memory_order_relaxed);
}

/* Wakes the other end if it sleeps; only then this makes a system call. Call it after publishing, followed by
 * a memory_order_seq_cst fence or store. */
inline void Ring(std::atomic<uint32_t> *word) {
  if (word->load(std::memory_order_seq_cst) == 0) return;
  word->store(0, std::memory_order_relaxed);
  FutexWake(word);
}

}  // namespace tenon

#endif
