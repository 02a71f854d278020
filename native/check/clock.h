/* Waiting, and loops that end in time. */
#ifndef TENON_CHECK_CLOCK_H
#define TENON_CHECK_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

namespace tenon::check {

/* Milliseconds of the monotonic clock. */
inline uint64_t NowMs() {
  return Now() / 1000000;
}

/* Nanoseconds since `start`, as a number to calculate with. */
inline double Since(uint64_t start) {
  return static_cast<double>(Now() - start);
}

inline void SleepMs(uint64_t ms) {
  timespec duration = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1000000)};
  while (nanosleep(&duration, &duration) != 0) {
  }
}

/* For loops that have to end in time even with a slow plugin: being slow is not a fault. */
class Budget {
 public:
  explicit Budget(uint64_t ms) : end_(NowMs() + ms) {}
  bool spent() const { return NowMs() >= end_; }

 private:
  uint64_t end_;
};

}  // namespace tenon::check

#endif
