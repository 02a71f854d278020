/* Runs work in a copy of this process, so that what goes wrong there can be tried again from the same state. */
#ifndef TENON_CHECK_IN_CHILD_H
#define TENON_CHECK_IN_CHILD_H

#include <functional>
#include <string>

namespace tenon::check {

struct ChildEnd {
  bool finished = false; /* the work has returned */
  std::string text;      /* its result */
  int signal = 0;        /* the signal that ended the process, or 0 */
};

/* Runs `work` in a child process and returns its result. This process must have no other threads. */
ChildEnd RunInChild(const std::function<std::string()> &work);

}  // namespace tenon::check

#endif
