#include "runner/crash.h"

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

/* What the handler needs, set before anything can go wrong. */
struct {
  HostLink *channel;
  pid_t process;
  bool expected;
  uintptr_t base;
} watch;

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
  bool scanned;
  crash->frame_count = CollectFrames(registers, crash->frames, &scanned);
  crash->scanned = scanned;
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

void SetPluginCode(const CodeRange &code) {
  watch.base = code.base;
  SetFrameCode(code.start, code.end);
}

void ExpectExit() {
  watch.expected = true;
}

}  // namespace tenon
