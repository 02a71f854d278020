#include "runner/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel/layout.h"

namespace tenon {
namespace {

/* Declarations of <linux/landlock.h>, which older systems do not have. The numbers are the kernel's ABI. */
struct LandlockRules {
  uint64_t files;
  uint64_t network;
  uint64_t scopes;
};
struct __attribute__((packed)) LandlockPath {
  uint64_t allowed;
  int32_t parent;
};
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif
constexpr uint64_t kExecute = 1u << 0, kReadFile = 1u << 2, kReadFolder = 1u << 3;
constexpr uint64_t kFilesAbi1 = (1u << 13) - 1;
constexpr uint64_t kRefer = 1u << 13, kTruncate = 1u << 14, kDeviceControl = 1u << 15;
constexpr uint64_t kBindTcp = 1u << 0, kConnectTcp = 1u << 1;
constexpr uint64_t kAbstractSockets = 1u << 0, kSignals = 1u << 1;
/* The version since which signals can be kept inside (Linux 6.12). */
constexpr long kSignalScopeAbi = 6;
constexpr uint32_t kVersion = 1u << 0;
constexpr int kPathBeneath = 1;

/* The paths that the loader and a C library read. */
constexpr const char *kSystemPaths[] = {
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/proc/self",
    "/dev/null",
    "/dev/urandom",
};

/* Returns all access rights that this version of Landlock can forbid. */
LandlockRules Everything(long abi) {
  LandlockRules rules = {kFilesAbi1, 0, 0};
  if (abi >= 2) rules.files |= kRefer;
  if (abi >= 3) rules.files |= kTruncate;
  if (abi >= 4) rules.network = kBindTcp | kConnectTcp;
  if (abi >= 5) rules.files |= kDeviceControl;
  if (abi >= kSignalScopeAbi) rules.scopes = kAbstractSockets | kSignals;
  return rules;
}

size_t SizeOf(long abi) {
  return abi >= kSignalScopeAbi ? 24 : abi >= 4 ? 16 : 8;
}

/* Allows reads of a path. A path that does not exist needs no rule. */
void Allow(int ruleset, const char *path) {
  int file = open(path, O_PATH | O_CLOEXEC);
  if (file < 0) return;
  struct stat facts;
  bool folder = fstat(file, &facts) == 0 && S_ISDIR(facts.st_mode);
  LandlockPath rule = {kExecute | kReadFile | (folder ? kReadFolder : 0), file};
  syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &rule, 0);
  close(file);
}

uint32_t RestrictFiles(const std::string &plugin, const Limits &limits) {
  long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  if (abi < 1) return 0;
  LandlockRules rules = Everything(abi);
  int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, SizeOf(abi), 0));
  if (ruleset < 0) return 0;
  Allow(ruleset, plugin.c_str());
  for (const char *path : kSystemPaths) Allow(ruleset, path);
  for (const std::string &path : limits.readable) Allow(ruleset, path.c_str());
  bool restricted = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  close(ruleset);
  return restricted ? static_cast<uint32_t>(abi) : 0;
}

}  // namespace

SandboxState EnterSandbox(const std::string &plugin, const Limits &limits) {
  SandboxState state;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return state;
  state.active |= kNoNewPrivileges;
  state.landlock_abi = RestrictFiles(plugin, limits);
  if (state.landlock_abi != 0) state.active |= kLandlock;
  bool scoped = state.landlock_abi >= kSignalScopeAbi;
  if (scoped) state.active |= kSignalScope;
  if (FilterSystemCalls(scoped)) state.active |= kSeccomp;
  return state;
}

}  // namespace tenon
