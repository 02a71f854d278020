/* Runs code of the plugin instruction by instruction, and stops it at chosen instructions, so that another
 * thread can run in between. Where a thread is interrupted then depends on the code alone, not on how busy the
 * machine is. */
#ifndef TENON_CHECK_SINGLE_STEPS_H
#define TENON_CHECK_SINGLE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <vector>

namespace tenon::check {

/* The executable segments of a library. */
struct CodeSpan {
  uintptr_t start, end;
};

/* Returns the executable segments of all libraries that are loaded. */
std::vector<CodeSpan> LoadedCode();
/* Returns the segments that are in `now` and not in `before`. */
std::vector<CodeSpan> NewCode(const std::vector<CodeSpan> &before, const std::vector<CodeSpan> &now);

struct StepPlan {
  /* The code whose instructions are counted. */
  const std::vector<CodeSpan> *code;
  /* The number of the first counted instruction at which the run stops, and the distance of the others. With
   * a distance of 0 the run does not stop. */
  uint64_t first = 0, every = 0;
  /* Called before the instruction at each stop. Must be async-signal-safe. */
  void (*stop)(void *argument) = nullptr;
  void *argument = nullptr;
};

struct StepCount {
  uint64_t counted = 0, all = 0;
  /* False if the last part of the code ran without steps. */
  bool complete = true;
};

/* Returns whether this system can run code in steps. Without the ability `RunInSteps` only runs the code. */
bool CanStep();

/* Runs `work` on this thread. An instruction that reads, changes and writes memory without a lock prefix is
 * stopped in the middle: after its read and before its write, as another processor could do. */
StepCount RunInSteps(const StepPlan &plan, const std::function<void()> &work);

}  // namespace tenon::check

#endif
