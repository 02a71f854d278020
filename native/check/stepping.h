/* Runs the code of a plugin one instruction at a time, to record the edges and comparisons of a plugin that does
 * not report them. x86-64 only. */
#ifndef TENON_CHECK_STEPPING_H
#define TENON_CHECK_STEPPING_H

#include <functional>
#include <vector>

#include "plugin/frames.h"
#include "check/coverage.h"
#include "check/sanitizer.h"

namespace tenon::check {

class Stepper {
 public:
  /* `code` is that of the plugin. Only what happens there is recorded. `entries` are the functions there that
   * the checker calls. */
  Stepper(const CodeRange &code, std::vector<uintptr_t> entries);
  Stepper(const Stepper &) = delete;
  Stepper &operator=(const Stepper &) = delete;

  /* Returns true if this process can be run in this way, and the plugin survived it so far. */
  bool works() const { return trace_ != nullptr && !IsUnderValgrind() && failures_ < kMostFailures; }

  /* Runs `work` in a child process, so that whatever it does there has no effect. The record ends when the
   * child ends, or after a number of instructions. */
  Trace &Run(const std::function<void()> &work);

 private:
  /* A plugin whose threads are missing in the child may wait for them forever. */
  static constexpr int kMostFailures = 3;

  [[maybe_unused]] CodeRange code_; /* where instructions can be stepped */
  std::vector<uintptr_t> entries_;
  Trace *trace_ = nullptr;
  int failures_ = 0;
};

}  // namespace tenon::check

#endif
