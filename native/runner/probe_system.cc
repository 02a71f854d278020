#include "runner/probe_system.h"

#include <link.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "runner/sandbox.h"

namespace tenon::probe {

bool end_with(int host) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == host;  // otherwise the host ended before the line above took effect
}

void confine(const char *file, const Limits &limits) {
  ApplyLimits(limits, 0);
  if (limits.sandbox) EnterSandbox(file, limits);
}

std::set<std::string> loaded_objects() {
  std::set<std::string> paths;
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    static_cast<std::set<std::string> *>(data)->insert(info->dlpi_name == nullptr ? "" : info->dlpi_name);
    return 0;
  };
  dl_iterate_phdr(visit, &paths);
  return paths;
}

}  // namespace tenon::probe
