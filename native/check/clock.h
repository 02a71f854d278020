/* Clock readings, sleeps, and budgets for loops. */
#ifndef TENON_CHECK_CLOCK_H
#define TENON_CHECK_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

namespace tenon::check {

/* Returns the time of the monotonic clock in milliseconds. */
inline uint64_t NowMs() {
  return Now() / 1000000;
}

/* Returns the nanoseconds since `start`. */
inline double Since(uint64_t start) {
  return static_cast<double>(Now() - start);
}

inline void SleepMs(uint64_t ms) {
  timespec duration = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1000000)};
  while (nanosleep(&duration, &duration) != 0) {
  }
}

/* A time limit for a loop. A slow plugin then gets fewer rounds: slowness is not a fault. */
class Budget {
 public:
  explicit Budget(uint64_t ms) : end_(NowMs() + ms) {}
  bool spent() const { return NowMs() >= end_; }

 private:
  uint64_t end_;
};

}  // namespace tenon::check

#endif
