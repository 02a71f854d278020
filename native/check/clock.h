/* A clock that nobody sets. */
#ifndef TENON_CHECK_CLOCK_H
#define TENON_CHECK_CLOCK_H

#include <stdint.h>
#include <time.h>

namespace tenon::check {

/* Nanoseconds. */
inline double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/* Milliseconds. */
inline uint64_t NowMs() {
  return static_cast<uint64_t>(Now() / 1e6);
}

inline void SleepMs(uint64_t ms) {
  timespec duration = {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1000000)};
  while (nanosleep(&duration, &duration) != 0) {
  }
}

/* For loops that have to end in time with a slow plugin, too: slow is no fault. */
class Budget {
 public:
  explicit Budget(uint64_t ms) : end_(NowMs() + ms) {}
  bool spent() const { return NowMs() >= end_; }

 private:
  uint64_t end_;
};

}  // namespace tenon::check

#endif
