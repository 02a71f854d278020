/* Facts about objects that exist only if code created them. */
#include <stdio.h>
#include <sys/time.h>

#include <sstream>

#include "check/facts.h"
#include "check/procfs.h"

namespace tenon::check {
namespace {

/* glibc has an enumeration for the timers, musl an int. */
std::string IntervalTimer(decltype(ITIMER_REAL) which) {
  itimerval value = {};
  getitimer(which, &value);
  bool armed = value.it_value.tv_sec != 0 || value.it_value.tv_usec != 0;
  return armed ? "armed" : "off";
}

size_t CreatedTimers() {
  std::istringstream timers(OwnFile("timers"));
  size_t count = 0;
  for (std::string line; std::getline(timers, line);) count += line.rfind("ID:", 0) == 0;
  return count;
}

}  // namespace

Facts Timers() {
  return {{"the timer ITIMER_REAL", IntervalTimer(ITIMER_REAL)},
          {"the timer ITIMER_VIRTUAL", IntervalTimer(ITIMER_VIRTUAL)},
          {"the timer ITIMER_PROF", IntervalTimer(ITIMER_PROF)},
          {"the number of timers of timer_create", std::to_string(CreatedTimers())}};
}

/* Counts only memory that no file backs: the checks of the file cover the segments of the library, and its
 * stack. */
Facts ExecutableMemory() {
  std::istringstream maps(OwnFile("maps"));
  unsigned long long total = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long start, end, inode;
    char mode[5];
    int path = 0;
    if (sscanf(line.c_str(), "%llx-%llx %4s %*s %*s %llu %n", &start, &end, mode, &inode, &path) < 4)
      continue;
    bool anonymous = inode == 0 && line[static_cast<size_t>(path)] != '[';
    if (anonymous && mode[1] == 'w' && mode[2] == 'x') total += end - start;
  }
  return {{"memory that is writable and executable", std::to_string(total) + " bytes"}};
}

}  // namespace tenon::check
