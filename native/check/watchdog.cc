#include "check/watchdog.h"

#include <signal.h>
#include <time.h>

#include "check/clock.h"
#include "check/on_thread.h"

namespace tenon::check {
namespace {

constexpr long kLookEveryNanoseconds = 50'000'000;

}  // namespace

Watchdog::Watchdog(Report *report, uint64_t milliseconds) : report_(report), milliseconds_(milliseconds) {
  if (report->for_people()) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads of the plugin */
  Thread([this] { Watch(); }).Detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Watchdog::Watch() {
  uint64_t seen = 0;
  for (uint64_t since = Now();;) {
    timespec pause = {0, kLookEveryNanoseconds};
    nanosleep(&pause, nullptr);
    uint64_t step = step_;
    if (step != seen || step == 0) {
      seen = step;
      since = Now();
    } else if (Now() - since > milliseconds_ * uint64_t{1000000}) {
      report_->Finding("It did not return within " + std::to_string(milliseconds_) + " ms");
      report_->Done();
    }
  }
}

}  // namespace tenon::check
