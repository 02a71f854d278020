/* Ends the process with a finding when one step of many takes too long. */
#ifndef TENON_CHECK_WATCHDOG_H
#define TENON_CHECK_WATCHDOG_H

#include <stdint.h>

#include <atomic>

#include "check/report.h"

namespace tenon::check {

class Watchdog {
 public:
  /* Not where people watch: a debugger stops for as long as it likes. */
  Watchdog(Report *report, uint64_t milliseconds);
  Watchdog(const Watchdog &) = delete;
  Watchdog &operator=(const Watchdog &) = delete;
  ~Watchdog() { Pause(); }

  /* The next step begins. */
  void Step() { step_ = ++steps_; }
  /* Nothing is done that it has to watch. */
  void Pause() { step_ = 0; }

 private:
  [[noreturn]] void Watch();

  Report *report_;
  const uint64_t milliseconds_;
  uint64_t steps_ = 0;
  std::atomic<uint64_t> step_{0}; /* 0 while nothing is watched */
};

}  // namespace tenon::check

#endif
