/* Facts about this process from /proc. */
#ifndef TENON_CHECK_PROCFS_H
#define TENON_CHECK_PROCFS_H

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace tenon::check {

struct OpenDescriptor {
  int number;
  std::string target; /* "/dev/null" */
  bool inherited;     /* by programs that this process starts */
};

/* Returns the open descriptors in the order of their numbers. */
std::vector<OpenDescriptor> OpenDescriptors();

struct ChildProcess {
  pid_t pid;
  std::string name;
  bool ended; /* a zombie: it has ended and was not waited for */
};

std::vector<ChildProcess> ChildProcesses();

/* Returns the threads of this process that can still run code of the plugin. The system lists a thread for a
 * moment after pthread_join has returned for it; such a thread is left out. */
std::set<pid_t> RunningThreads();

/* Returns the contents of a file in /proc/self. If it cannot be read, the scenario is incomplete. */
std::string OwnFile(const char *name);

/* Returns true if another process has the file open or mapped. Processes that this user may not inspect are
 * ignored. */
bool UsedElsewhere(const std::string &path);

}  // namespace tenon::check

#endif
