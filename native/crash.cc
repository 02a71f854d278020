#include "crash.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace tenon {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU};
constexpr size_t kStackSize = 64 * 1024;
constexpr uintptr_t kScanned = 16 * 1024;
/* A stack overflow leaves the stack pointer in the guard below the stack, at most so far from it. */
constexpr uintptr_t kGap = 256 * 1024;

/* What the handler needs, set before anything can go wrong. */
struct {
  HostLink *channel;
  pid_t process;
  bool expected;
  uintptr_t base, start, end;
} watch;

struct Registers {
  uintptr_t pc, sp, frame;
};

Registers RegistersOf(const ucontext_t *context) {
#if defined(__x86_64__)
  const greg_t *regs = context->uc_mcontext.gregs;
  return {static_cast<uintptr_t>(regs[REG_RIP]), static_cast<uintptr_t>(regs[REG_RSP]),
          static_cast<uintptr_t>(regs[REG_RBP])};
#elif defined(__aarch64__)
  return {context->uc_mcontext.pc, context->uc_mcontext.sp, context->uc_mcontext.regs[29]};
#else
  (void)context;
  return {0, 0, 0};
#endif
}

/* Reads a word that may not be there. The kernel looks at the new mask before it looks at the nonsense in
 * `how`: EFAULT tells that the word cannot be read. Needs no file and is allowed in a signal handler. */
__attribute__((no_sanitize("address"))) bool ReadWord(uintptr_t address, uintptr_t *word) {
  if (address % sizeof(uintptr_t) != 0 || address < kPage) return false;
  int saved = errno;
  bool readable = syscall(SYS_rt_sigprocmask, ~0, address, nullptr, sizeof(uint64_t)) != 0 && errno == EINVAL;
  errno = saved;
  if (readable) *word = *reinterpret_cast<const volatile uintptr_t *>(address);
  return readable;
}

bool IsPluginCode(uintptr_t address) {
  return address >= watch.start && address < watch.end;
}

/* Follows frame pointers as long as they make sense. */
uint32_t WalkFrames(uintptr_t frame, uint64_t *frames) {
  uint32_t count = 0;
  while (count < kMaxFrames) {
    uintptr_t next, address;
    if (!ReadWord(frame, &next) || !ReadWord(frame + sizeof(uintptr_t), &address) || address < kPage) break;
    frames[count++] = address;
    if (next <= frame || next - frame > kGap) break;
    frame = next;
  }
  return count;
}

/* Without frame pointers: words on the stack that point into the plugin's code, most of them return
 * addresses. */
uint32_t ScanStack(uintptr_t sp, uint64_t *frames) {
  uint32_t count = 0;
  uintptr_t at = sp & ~(sizeof(uintptr_t) - 1), word;
  for (uintptr_t limit = at + kGap; at < limit && !ReadWord(at, &word);) at = (at | (kPage - 1)) + 1;
  for (uintptr_t limit = at + kScanned; at < limit && count < kMaxFrames; at += sizeof(uintptr_t)) {
    if (!ReadWord(at, &word)) break;
    if (IsPluginCode(word)) frames[count++] = word;
  }
  return count;
}

bool HasPluginCode(const uint64_t *frames, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (IsPluginCode(frames[i])) return true;
  }
  return false;
}

void Write(CrashRecord *crash, int signal, const siginfo_t *info, const ucontext_t *context) {
  Registers registers = RegistersOf(context);
  pid_t thread = static_cast<pid_t>(syscall(SYS_gettid));
  crash->signal = signal;
  crash->code = info->si_code;
  crash->thread = static_cast<uint32_t>(thread);
  crash->main_thread = thread == watch.process;
  crash->address = reinterpret_cast<uintptr_t>(info->si_addr);
  crash->pc = registers.pc;
  crash->sp = registers.sp;
  crash->base = watch.base;
  crash->frame_count = WalkFrames(registers.frame, crash->frames);
  if (!HasPluginCode(crash->frames, crash->frame_count)) {
    crash->scanned = 1;
    crash->frame_count = ScanStack(registers.sp, crash->frames);
  }
}

/* Only what is allowed in a signal handler. */
void OnSignal(int signal, siginfo_t *info, void *context) {
  if (getpid() == watch.process) { /* not in a child that the plugin has forked */
    CrashRecord *crash = &watch.channel->crash();
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&crash->written, &none, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      Write(crash, signal, info, static_cast<const ucontext_t *>(context));
      StoreWord(&crash->written, 1);
      watch.channel->SetState(RunnerState::kCrashed);
      watch.channel->Alarm();
    }
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  /* Blocked until this handler returns; then the process ends by the very signal. */
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

void OnExit() {
  if (watch.expected || getpid() != watch.process) return;
  watch.channel->SetState(RunnerState::kExited);
  watch.channel->Alarm();
}

}  // namespace

void WatchForCrashes(HostLink *channel) {
  watch.channel = channel;
  watch.process = getpid();
  atexit(OnExit);
  /* Its own mapping: a neighbour on the heap could be what the plugin overruns. */
  void *memory =
      mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory != MAP_FAILED) {
    stack_t stack = {};
    stack.ss_sp = memory;
    stack.ss_size = kStackSize;
    sigaltstack(&stack, nullptr);
  }
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int signal : kSignals) sigaction(signal, &action, nullptr);
}

void SetPluginCode(uintptr_t base, uintptr_t start, uintptr_t end) {
  watch.base = base;
  watch.start = start;
  watch.end = end;
}

void ExpectExit() {
  watch.expected = true;
}

}  // namespace tenon
