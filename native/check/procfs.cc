#include "check/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "check/failure.h"
#include "check/read_file.h"

namespace tenon::check {
namespace {

struct CloseFolder {
  void operator()(DIR *folder) const { closedir(folder); }
};

/* Calls `visit` with each entry that is a number, and with the descriptor of the folder. Returns false if the
 * folder cannot be read, as that of a process that has ended. */
template <typename Visit>
bool EachNumber(const std::string &path, Visit visit) {
  std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
  if (folder == nullptr) {
    FailUnlessAbsent("read /proc", errno);
    return false;
  }
  while (dirent *entry = readdir(folder.get())) {
    char *end;
    long number = strtol(entry->d_name, &end, 10);
    if (*end == '\0' && end != entry->d_name) visit(static_cast<int>(number), dirfd(folder.get()));
  }
  return true;
}

/* Does the same with a folder that always exists. */
template <typename Visit>
void EachNumberIn(const char *path, Visit visit) {
  if (!EachNumber(path, visit)) FailChecker("read /proc", errno);
}

/* Returns an empty string if the process has ended. */
std::string ReadAll(const std::string &path) {
  std::string bytes;
  if (ReadFile(path, &bytes)) return bytes;
  FailUnlessAbsent("read /proc", errno);
  return "";
}

std::string LinkTarget(const std::string &path) {
  char target[4096];
  ssize_t length = readlink(path.c_str(), target, sizeof(target));
  return length < 0 ? "" : std::string(target, static_cast<size_t>(length));
}

/* Returns true if a line "12 (a name) S 1 ..." is empty, or has the flag PF_EXITING of the kernel's
 * include/linux/sched.h. The kernel sets it before it wakes pthread_join. */
bool IsExiting(const std::string &stat) {
  constexpr unsigned kExiting = 0x4;
  const size_t close = stat.rfind(')');
  unsigned flags = 0;
  if (close == std::string::npos) return true;
  if (sscanf(stat.c_str() + close + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1) return false;
  return (flags & kExiting) != 0;
}

bool Uses(int pid, const std::string &path) {
  std::string process = "/proc/" + std::to_string(pid);
  if (ReadAll(process + "/maps").find(path + "\n") != std::string::npos) return true;
  bool open = false;
  EachNumber(process + "/fd", [&](int number, int) {
    open = open || LinkTarget(process + "/fd/" + std::to_string(number)) == path;
  });
  return open;
}

}  // namespace

std::vector<OpenDescriptor> OpenDescriptors() {
  std::vector<OpenDescriptor> found;
  EachNumberIn("/proc/self/fd", [&](int number, int own) {
    if (number == own) return;
    int flags = fcntl(number, F_GETFD);
    bool inherited = flags >= 0 && (flags & FD_CLOEXEC) == 0;
    found.push_back({number, LinkTarget("/proc/self/fd/" + std::to_string(number)), inherited});
  });
  std::sort(found.begin(), found.end(), [](const auto &a, const auto &b) { return a.number < b.number; });
  return found;
}

std::vector<ChildProcess> ChildProcesses() {
  std::vector<ChildProcess> found;
  EachNumberIn("/proc", [&](int pid, int) {
    /* "12 (a name) S 1 ..." */
    std::string stat = ReadAll("/proc/" + std::to_string(pid) + "/stat");
    size_t open = stat.find('('), close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos || close + 4 > stat.size()) return;
    if (atoi(stat.c_str() + close + 4) != getpid()) return;
    found.push_back({pid, stat.substr(open + 1, close - open - 1), stat[close + 2] == 'Z'});
  });
  return found;
}

std::set<pid_t> RunningThreads() {
  std::set<pid_t> running;
  EachNumberIn("/proc/self/task", [&](int thread, int) {
    if (!IsExiting(ReadAll("/proc/self/task/" + std::to_string(thread) + "/stat"))) running.insert(thread);
  });
  return running;
}

std::string OwnFile(const char *name) {
  const std::string path = std::string("/proc/self/") + name;
  std::string bytes;
  if (ReadFile(path, &bytes)) return bytes;
  const int error = errno;
  FailChecker(("read " + path).c_str(), error);
}

bool UsedElsewhere(const std::string &path) {
  bool used = false;
  EachNumberIn("/proc", [&](int pid, int) { used = used || (pid != getpid() && Uses(pid, path)); });
  return used;
}

}  // namespace tenon::check
