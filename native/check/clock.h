/* A clock that nobody sets. */
#ifndef TENON_CHECK_CLOCK_H
#define TENON_CHECK_CLOCK_H

#include <time.h>

namespace tenon::check {

/* Nanoseconds. */
inline double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace tenon::check

#endif
