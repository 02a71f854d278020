/* A watchdog that ends the process with a finding if a step takes too long. */
#ifndef TENON_CHECK_WATCHDOG_H
#define TENON_CHECK_WATCHDOG_H

#include <stdint.h>

#include <atomic>

#include "check/report.h"

namespace tenon::check {

class Watchdog {
 public:
  /* Starts the watching thread, unless the report is for people: a debugger may stop the process for any
   * length of time. */
  Watchdog(Report *report, uint64_t milliseconds);
  Watchdog(const Watchdog &) = delete;
  Watchdog &operator=(const Watchdog &) = delete;
  ~Watchdog() { Pause(); }

  /* Begins the next step. */
  void Step() { step_ = ++steps_; }
  /* Stops watching until the next step. */
  void Pause() { step_ = 0; }

 private:
  [[noreturn]] void Watch();

  Report *report_;
  const uint64_t milliseconds_;
  uint64_t steps_ = 0;
  std::atomic<uint64_t> step_{0}; /* the number of the step, or 0 while paused */
};

}  // namespace tenon::check

#endif
