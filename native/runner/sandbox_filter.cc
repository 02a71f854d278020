/* The system-call filter of the sandbox, for seccomp. It is a list of calls that fail with EPERM, so that a
 * plugin can continue: network, other processes, writes to the file system, and calls that would bypass the
 * rest. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "runner/sandbox.h"

namespace tenon {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kProcessor = 0;
#endif

constexpr int kRefused[] = {
    /* network: without a socket the other calls have no target, but descriptors may be passed in */
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    /* other programs and processes */
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_writev,
    SYS_setns,
    SYS_unshare,
    SYS_setsid,
    SYS_setpgid,
    /* io_uring, which could perform the refused operations */
    425,
    426,
    427,
    /* pidfd_send_signal, pidfd_getfd, process_madvise; open_tree to mount_setattr */
    424,
    438,
    440,
    428,
    429,
    430,
    431,
    432,
    433,
    442,
    /* the file system */
    SYS_mkdirat,
    SYS_mknodat,
    SYS_unlinkat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_renameat2,
    SYS_fchmodat,
    SYS_fchmod,
    SYS_fchownat,
    SYS_fchown,
    SYS_truncate,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_acct,
    /* the system */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
    SYS_creat,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_unlink,
    SYS_link,
    SYS_symlink,
    SYS_rename,
    SYS_renameat,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_modify_ldt,
    SYS_iopl,
    SYS_ioperm,
#elif defined(__aarch64__)
    SYS_renameat,
#endif
};

/* Calls whose arguments are behind a pointer, which a filter cannot read. With ENOSYS the C library falls
 * back to the older call. */
constexpr int kUnknown[] = {435 /* clone3 */, 437 /* openat2 */};

constexpr uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

class Program {
 public:
  Program() {
    Load(offsetof(seccomp_data, arch));
    Add(BPF_JMP | BPF_JEQ | BPF_K, kProcessor, 1, 0);
    Return(SECCOMP_RET_KILL_PROCESS);
    Load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    /* Calls of the x32 ABI have different numbers. */
    Add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    Return(SECCOMP_RET_KILL_PROCESS);
#endif
  }

  void Refuse(int call, uint32_t error) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1);
    Return(SECCOMP_RET_ERRNO | error);
  }
  /* Refuses a call if argument `index` has one of the bits. */
  void RefuseWith(int call, unsigned index, uint32_t bits) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    Load(Argument(index));
    Add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    Return(SECCOMP_RET_ERRNO | EPERM);
    Return(SECCOMP_RET_ALLOW);
  }
  /* Refuses a call unless argument `index` has the bits. */
  void RefuseWithout(int call, unsigned index, uint32_t bits) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    Load(Argument(index));
    Add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    Return(SECCOMP_RET_ERRNO | EPERM);
    Return(SECCOMP_RET_ALLOW);
  }
  /* Refuses a call unless argument `index` is `value`. */
  void RefuseUnless(int call, unsigned index, uint32_t value) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    Load(Argument(index));
    Add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    Return(SECCOMP_RET_ERRNO | EPERM);
    Return(SECCOMP_RET_ALLOW);
  }
  void Return(uint32_t verdict) {
    Add(BPF_RET | BPF_K, verdict, 0, 0);
  }

  bool Install() {
    sock_fprog program = {static_cast<unsigned short>(code_.size()), code_.data()};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  /* Returns the offset of the lower half of an argument. */
  static uint32_t Argument(unsigned index) {
    return static_cast<uint32_t>(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
  }
  void Load(size_t offset) {
    Add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset), 0, 0);
  }
  void Add(int code, uint32_t k, uint8_t if_true, uint8_t if_false) {
    code_.push_back({static_cast<uint16_t>(code), if_true, if_false, k});
  }

  std::vector<sock_filter> code_;
};

}  // namespace

bool FilterSystemCalls() {
  if (kProcessor == 0) return false;
  Program program;
  for (int call : kRefused) program.Refuse(call, EPERM);
  for (int call : kUnknown) program.Refuse(call, ENOSYS);
  program.RefuseWithout(SYS_clone, 0, CLONE_THREAD);
  program.RefuseWith(SYS_openat, 2, kWriting);
#if defined(__x86_64__)
  program.RefuseWith(SYS_open, 1, kWriting);
#endif
  /* The plugin must not access signals, limits and memory of other processes. */
  uint32_t self = static_cast<uint32_t>(getpid());
  for (int call : {SYS_kill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_process_vm_readv})
    program.RefuseUnless(call, 0, self);
  program.Refuse(SYS_tkill, EPERM);
  program.RefuseUnless(SYS_prlimit64, 0, 0);
  program.Return(SECCOMP_RET_ALLOW);
  return program.Install();
}

}  // namespace tenon
