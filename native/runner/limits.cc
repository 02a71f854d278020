#include "runner/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "channel/layout.h"

namespace tenon {
namespace {

constexpr int kFirstHidden = 200;
/* The address space in addition to the plugin's memory, in bytes: the runner, libraries, thread stacks and
 * the reserves of malloc. RLIMIT_DATA, the effective limit, does not count these. */
constexpr uint64_t kAddressReserve = uint64_t{2} << 30;

bool Limit(int resource, uint64_t soft, uint64_t hard) {
  rlimit now;
  /* The type of `resource` differs between C libraries. */
  if (getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &now) != 0) return false;
  now.rlim_max = std::min<uint64_t>(hard, now.rlim_max);
  now.rlim_cur = std::min<uint64_t>(soft, now.rlim_max);
  return setrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &now) == 0;
}

bool CloseRange(unsigned first, unsigned last) {
  if (first > last) return true;
  return syscall(SYS_close_range, first, last, 0) == 0;
}

/* Closes files on kernels before 5.9. */
bool CloseByList(const std::vector<int> &kept) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == nullptr) return false;
  std::vector<int> files;
  while (const dirent *entry = readdir(folder)) files.push_back(atoi(entry->d_name));
  closedir(folder);
  for (int file : files) {
    if (file > 2 && !std::binary_search(kept.begin(), kept.end(), file)) close(file);
  }
  return true;
}

}  // namespace

PipeFile HideFile(int file) {
  int hidden = fcntl(file, F_DUPFD_CLOEXEC, kFirstHidden);
  if (hidden < 0 && errno == EINVAL)
    hidden = fcntl(file, F_DUPFD_CLOEXEC, 10); /* a low limit on open files */
  if (hidden >= 0) close(file);
  return hidden;
}

bool CloseOtherFiles(const std::vector<int> &kept) {
  unsigned from = 3;
  for (int file : kept) {
    unsigned number = static_cast<unsigned>(file);
    if (number > from && !CloseRange(from, number - 1)) return CloseByList(kept);
    from = number + 1;
  }
  return CloseRange(from, ~0u) || CloseByList(kept);
}

uint32_t ApplyLimits(const Limits &limits, uint64_t shared) {
  uint32_t active = 0;
  /* Unlike 0, a limit of 1 also keeps crashes from a handler that core_pattern pipes to. */
  if (Limit(RLIMIT_CORE, 1, 1)) active |= kLimitCore;
  if (limits.memory != 0 && Limit(RLIMIT_DATA, limits.memory, limits.memory)) {
    /* RLIMIT_DATA does not count shared mappings, so the address space gets a limit too, a generous one. */
    uint64_t space = 2 * limits.memory + shared + kAddressReserve;
    if (Limit(RLIMIT_AS, space, space)) active |= kLimitMemory;
  }
  /* The soft limit raises SIGXCPU, which is reported. SIGKILL follows one second later. */
  if (limits.cpu != 0 && Limit(RLIMIT_CPU, limits.cpu, limits.cpu + 1)) active |= kLimitCpu;
  if (limits.files != 0 && Limit(RLIMIT_NOFILE, limits.files, limits.files)) active |= kLimitFiles;
  return active;
}

}  // namespace tenon
