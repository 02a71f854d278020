#include "runner/sandbox_calls.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>

namespace tenon {
namespace {

struct Name {
  uint32_t number;
  const char *name;
};

#define CALL(name) \
  { SYS_##name, #name }
/* A call that older headers do not have. From 424 on, all processors have the same numbers. */
#define NEW_CALL(number, name) \
  { number, #name }

/* The calls that are allowed whatever their arguments are. */
constexpr Name kFree[] = {
    /* memory of this process */
    CALL(brk),
    CALL(madvise),
    CALL(membarrier),
    CALL(mincore),
    CALL(mlock),
    CALL(mlock2),
    CALL(mlockall),
    CALL(mprotect),
    CALL(mremap),
    CALL(msync),
    CALL(munlock),
    CALL(munlockall),
    CALL(munmap),
    CALL(pkey_alloc),
    CALL(pkey_free),
    CALL(pkey_mprotect),
    CALL(get_mempolicy),
    CALL(mbind),
    CALL(set_mempolicy),
    NEW_CALL(450, set_mempolicy_home_node),
    NEW_CALL(453, map_shadow_stack),
    NEW_CALL(462, mseal),
    /* threads */
    CALL(exit),
    CALL(exit_group),
    CALL(futex),
    NEW_CALL(449, futex_waitv),
    NEW_CALL(454, futex_wake),
    NEW_CALL(455, futex_wait),
    NEW_CALL(456, futex_requeue),
    CALL(getcpu),
    CALL(gettid),
    CALL(rseq),
    CALL(sched_get_priority_max),
    CALL(sched_get_priority_min),
    CALL(sched_getaffinity),
    CALL(sched_getattr),
    CALL(sched_getparam),
    CALL(sched_getscheduler),
    CALL(sched_rr_get_interval),
    CALL(sched_yield),
    CALL(set_robust_list),
    CALL(set_tid_address),
    /* signals of this process */
    CALL(restart_syscall),
    CALL(rt_sigaction),
    CALL(rt_sigpending),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigsuspend),
    CALL(rt_sigtimedwait),
    CALL(sigaltstack),
    CALL(signalfd4),
    /* reading files, and open descriptors */
    CALL(chdir),
    CALL(close),
    NEW_CALL(436, close_range),
    CALL(dup),
    CALL(dup3),
    CALL(faccessat),
    NEW_CALL(439, faccessat2),
    CALL(fadvise64),
    CALL(fchdir),
    CALL(fdatasync),
    CALL(fstat),
    CALL(fstatfs),
    CALL(fsync),
    CALL(getcwd),
    CALL(getdents64),
    CALL(lseek),
    CALL(newfstatat),
    CALL(pipe2),
    CALL(pread64),
    CALL(preadv),
    CALL(preadv2),
    CALL(pwrite64),
    CALL(pwritev),
    CALL(pwritev2),
    CALL(read),
    CALL(readahead),
    CALL(readlinkat),
    CALL(readv),
    CALL(statfs),
    CALL(statx),
    CALL(umask),
    CALL(write),
    CALL(writev),
    /* waiting */
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_pwait),
    NEW_CALL(441, epoll_pwait2),
    CALL(eventfd2),
    CALL(ppoll),
    CALL(pselect6),
    CALL(timerfd_create),
    CALL(timerfd_gettime),
    CALL(timerfd_settime),
    /* time */
    CALL(clock_getres),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(getitimer),
    CALL(gettimeofday),
    CALL(nanosleep),
    CALL(setitimer),
    CALL(timer_create),
    CALL(timer_delete),
    CALL(timer_getoverrun),
    CALL(timer_gettime),
    CALL(timer_settime),
    CALL(times),
    /* connected sockets; none can be made but a pair */
    CALL(getpeername),
    CALL(getsockname),
    CALL(getsockopt),
    CALL(recvfrom),
    CALL(sendto),
    CALL(setsockopt),
    CALL(shutdown),
    /* facts about this process and the system */
    CALL(capget),
    CALL(getegid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getgroups),
    CALL(getpgid),
    CALL(getpid),
    CALL(getppid),
    CALL(getpriority),
    CALL(getrandom),
    CALL(getresgid),
    CALL(getresuid),
    CALL(getrusage),
    CALL(getsid),
    CALL(getuid),
    CALL(sysinfo),
    CALL(uname),
    CALL(wait4),
    CALL(waitid),
#if defined(__x86_64__)
    /* the older forms of the calls above */
    CALL(access),
    CALL(alarm),
    CALL(arch_prctl),
    CALL(dup2),
    CALL(epoll_create),
    CALL(epoll_wait),
    CALL(eventfd),
    CALL(getdents),
    CALL(getpgrp),
    CALL(getrlimit),
    CALL(lstat),
    CALL(pause),
    CALL(pipe),
    CALL(poll),
    CALL(readlink),
    CALL(select),
    CALL(signalfd),
    CALL(stat),
    CALL(time),
#elif defined(__aarch64__)
    CALL(getrlimit),
#endif
};

constexpr uint32_t kAll = ~0u;
constexpr uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
/* A new thread must not get a namespace of its own, be traced, or be a child of the keeper. */
constexpr uint32_t kThreadFlags = CLONE_THREAD | CLONE_VM | CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED |
                                  CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                                  CLONE_NEWUSER | CLONE_NEWUTS;
/* RLIMIT_DATA counts neither these mappings nor those with MAP_GROWSDOWN. */
constexpr uint32_t kSharedAnonymous = MAP_SHARED | MAP_ANONYMOUS;
constexpr uint32_t kSocketType = 0xf; /* the other bits are flags */
constexpr uint32_t kGetPersonality = 0xffffffff;

/* Commands that change nothing but this process's descriptor: no locks, owners, leases, seals or sizes. */
std::vector<uint32_t> FileCommands() {
  return {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, 1030 /* F_DUPFD_CLOEXEC */, 1032 /* F_GETPIPE_SZ */,
          1034 /* F_GET_SEALS */};
}

/* Requests that only tell something, or change what read and exec do. */
std::vector<uint32_t> DeviceRequests() {
  return {TCGETS, 0x802c542a /* TCGETS2 */, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};
}

/* Options that read something, or change how only the calling thread computes. */
std::vector<uint32_t> ProcessOptions() {
  return {PR_GET_DUMPABLE,
          PR_SET_DUMPABLE,
          PR_SET_NAME,
          PR_GET_NAME,
          PR_CAPBSET_READ,
          PR_GET_SECCOMP,
          PR_GET_SECUREBITS,
          PR_SET_TIMERSLACK,
          PR_GET_TIMERSLACK,
          PR_SET_NO_NEW_PRIVS,
          PR_GET_NO_NEW_PRIVS,
          PR_GET_TID_ADDRESS,
          PR_SET_THP_DISABLE,
          PR_GET_THP_DISABLE,
          PR_GET_FP_MODE,
          50 /* PR_SVE_SET_VL */,
          51 /* PR_SVE_GET_VL */,
          52 /* PR_GET_SPECULATION_CTRL */,
          54 /* PR_PAC_RESET_KEYS */,
          55 /* PR_SET_TAGGED_ADDR_CTRL */,
          56 /* PR_GET_TAGGED_ADDR_CTRL */,
          63 /* PR_SME_SET_VL */,
          64 /* PR_SME_GET_VL */,
          0x53564d41 /* PR_SET_VMA */};
}

std::vector<AllowedCall> ConditionalCalls(uint32_t self) {
  const CallCondition reading{1, kWriting, {0}}, reading_at{2, kWriting, {0}}, own{0, kAll, {self}};
  std::vector<AllowedCall> calls = {
    {SYS_clone, "clone", {{0, kThreadFlags, {CLONE_THREAD | CLONE_VM}}}},
    {SYS_fcntl, "fcntl", {{1, kAll, FileCommands()}}},
    {SYS_ioctl, "ioctl", {{1, kAll, DeviceRequests()}}},
    {SYS_kill, "kill", {own}},
    {SYS_mmap, "mmap", {{3, kSharedAnonymous, {kSharedAnonymous}, false}, {3, MAP_GROWSDOWN, {0}}}},
    {SYS_openat, "openat", {reading_at}},
    {SYS_personality, "personality", {{0, kAll, {kGetPersonality}}}},
    {SYS_prctl, "prctl", {{0, kAll, ProcessOptions()}}},
    {SYS_prlimit64, "prlimit64", {{0, kAll, {0, self}}, {2, kAll, {0}}, {2, kAll, {0}, true, true}}},
    {SYS_process_vm_readv, "process_vm_readv", {own}},
    {SYS_rt_sigqueueinfo, "rt_sigqueueinfo", {own}},
    {SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", {own}},
    {SYS_sched_setaffinity, "sched_setaffinity", {{0, kAll, {0, self}}}},
    /* A datagram socket could send to sockets of others. */
    {SYS_socketpair, "socketpair", {{0, kAll, {AF_UNIX}}, {1, kSocketType, {SOCK_STREAM}}}},
    {SYS_tgkill, "tgkill", {own}},
#if defined(__x86_64__)
    {SYS_open, "open", {reading}},
#endif
  };
  return calls;
}

}  // namespace

const std::vector<uint32_t> &UnreadableCalls() {
  static const std::vector<uint32_t> calls = {435 /* clone3 */, 437 /* openat2 */};
  return calls;
}

std::vector<AllowedCall> AllowedCalls(pid_t self, bool scoped) {
  std::vector<AllowedCall> calls = ConditionalCalls(static_cast<uint32_t>(self));
  for (const Name &call : kFree) calls.push_back({call.number, call.name, {}});
  if (scoped) calls.push_back({SYS_tkill, "tkill", {}});
  std::sort(calls.begin(), calls.end(),
            [](const AllowedCall &one, const AllowedCall &other) { return one.number < other.number; });
  return calls;
}

}  // namespace tenon
