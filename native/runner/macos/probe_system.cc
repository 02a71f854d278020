// Compiled, but never run.
#include "runner/probe_system.h"

#include <mach-o/dyld.h>
#include <sys/event.h>
#include <unistd.h>

#include "channel/quiet_thread.h"

namespace tenon::probe {
namespace {

int host_process;

// A kernel queue reports the end of a process that is not a child.
void *wait_for_end(void *) {
  const int queue = kqueue();
  struct kevent wanted, found;
  EV_SET(&wanted, host_process, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
  if (queue >= 0 && kevent(queue, &wanted, 1, &found, 1, nullptr) == 1) EndAtOnce(1);
  return nullptr;
}

}  // namespace

bool end_with(int host) {
  host_process = host;
  return StartQuietThread(wait_for_end, nullptr) && getppid() == host;
}

void confine(const char *, const Limits &limits) {
  ApplyLimits(limits, 0);
}

std::set<std::string> loaded_objects() {
  std::set<std::string> paths;
  for (uint32_t index = _dyld_image_count(); index-- > 0;) {
    const char *name = _dyld_get_image_name(index);
    if (name != nullptr) paths.insert(name);
  }
  return paths;
}

}  // namespace tenon::probe
