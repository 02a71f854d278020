/* Two threads that meet in the plugin: one is stopped at chosen instructions while the other one works. */
#ifndef TENON_CHECK_MEETING_H
#define TENON_CHECK_MEETING_H

#include <functional>

#include "check/single_steps.h"

namespace tenon::check {

struct Meeting {
  /* The code whose instructions are counted. */
  const std::vector<CodeSpan> *code;
  /* Runs once, on a thread that is stopped at some of its instructions. */
  std::function<void()> stopped;
  /* Runs at each stop, on another thread. Empty if nothing does. */
  std::function<void()> other;
  /* Runs on the other thread after `stopped` has returned. May be empty. */
  std::function<void()> finally;
};

struct MeetingEnd {
  StepCount count;
  /* Both threads wait, and neither will wake the other. The threads are left as they are. */
  bool stuck = false;
};

/* Runs a meeting. The first stop is at the counted instruction `first`, the next ones are `every` apart. */
MeetingEnd Meet(const Meeting &meeting, uint64_t first, uint64_t every);

}  // namespace tenon::check

#endif
