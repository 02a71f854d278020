/* Repeats an operation many times, and reports what grows with it: memory, descriptors, threads. */
#ifndef TENON_CHECK_GROWTH_H
#define TENON_CHECK_GROWTH_H

#include <stddef.h>

#include <functional>
#include <string>

#include "check/plugin.h"

namespace tenon::check {

using Operation = std::function<void()>;

/* An operation that is repeated. */
struct Repeated {
  std::string over; /* "calls" */
  Operation once;
  /* Whether one operation makes many calls, so that fewer operations are enough. */
  bool large = false;
  /* Returns the end of a message that reports which part of the operation makes `count` grow. May be empty. */
  std::function<std::string(const std::function<size_t()> &count)> blame = nullptr;
};

/* Reports the memory after many operations as series, which src/check/leaks.ts evaluates. With --longer it makes
 * more of them. Memory of threads that are alive is not growth: the series begin when the process has all its
 * threads. With --sites it reports only the code that allocates what is left. */
void MeasureMemory(Plugin &plugin, const Repeated &what);

/* Report a finding if each further part of many operations leaves more descriptors open or more threads running.
 * A pool or a cache stops growing, and is not a finding. Return true if there is a finding. */
bool CountDescriptors(Plugin &plugin, const Repeated &what);
bool CountThreadsLeft(Plugin &plugin, const Repeated &what);

/* Returns the bytes that each of many operations leaves in use. */
double BytesLeftByEach(const Operation &once);

}  // namespace tenon::check

#endif
