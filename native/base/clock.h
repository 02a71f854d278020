/* The monotonic clock, in nanoseconds. It never runs backwards and has no relation to the time of day. */
#ifndef TENON_BASE_CLOCK_H
#define TENON_BASE_CLOCK_H

#include <stdint.h>

#include <chrono>

namespace tenon {

/* A time that never arrives, and a duration that never ends. */
constexpr uint64_t kNever = ~uint64_t{0};

/* Returns the time. On Linux this is CLOCK_MONOTONIC, the clock that FUTEX_WAIT_BITSET uses for its
 * deadline. */
inline uint64_t Now() {
  auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count());
}

/* Returns the time `duration` after `time`, or kNever if the sum does not fit. */
inline uint64_t After(uint64_t time, uint64_t duration) {
  return duration >= kNever - time ? kNever : time + duration;
}

}  // namespace tenon

#endif
