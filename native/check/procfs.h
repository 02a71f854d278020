/* What /proc tells about this process. */
#ifndef TENON_CHECK_PROCFS_H
#define TENON_CHECK_PROCFS_H

#include <sys/types.h>

#include <string>
#include <vector>

namespace tenon::check {

struct OpenDescriptor {
  int number;
  std::string target; /* "/dev/null" */
  bool inherited;     /* by programs that this process starts */
};

/* By number. */
std::vector<OpenDescriptor> OpenDescriptors();

struct ChildProcess {
  pid_t pid;
  std::string name;
  bool ended; /* and nobody has waited for it */
};

std::vector<ChildProcess> ChildProcesses();

/* Whether another process than this one has the file open or mapped, as far as this user may know. */
bool UsedElsewhere(const std::string &path);

}  // namespace tenon::check

#endif
