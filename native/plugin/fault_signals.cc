#include "plugin/fault_signals.h"

#include <sys/mman.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <pthread.h>
#else
#include <sys/syscall.h>
#endif

namespace tenon {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU};
constexpr size_t kStackSize = 64 * 1024;

/* Set by SetPluginCode; 0 until then. */
uintptr_t plugin_base;

#if defined(__APPLE__)
constexpr int kStack = 0;

uint32_t ThisThread() {
  return pthread_mach_thread_np(pthread_self());
}
bool IsFirstThread() {
  return pthread_main_np() != 0;
}
void SignalThisThread(int signal) {
  pthread_kill(pthread_self(), signal);
}
#else
constexpr int kStack = MAP_STACK;

uint32_t ThisThread() {
  return static_cast<uint32_t>(syscall(SYS_gettid));
}
bool IsFirstThread() {
  return ThisThread() == static_cast<uint32_t>(getpid());
}
void SignalThisThread(int signal) {
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}
#endif

}  // namespace

void HandleFaults(void (*handler)(int, siginfo_t *, void *)) {
  /* A mapping of its own. On the heap, an overrun of the plugin could overwrite it. */
  void *memory = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | kStack, -1, 0);
  if (memory != MAP_FAILED) {
    stack_t stack = {};
    stack.ss_sp = memory;
    stack.ss_size = kStackSize;
    sigaltstack(&stack, nullptr);
  }
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int signal : kSignals) sigaction(signal, &action, nullptr);
}

void SetPluginCode(const CodeRange &code) {
  plugin_base = code.base;
  SetFrameCode(code.start, code.end);
}

void ReadFault(int signal, const siginfo_t *info, const void *context, Fault *fault) {
  Registers registers = RegistersOf(static_cast<const ucontext_t *>(context));
  fault->signal = signal;
  fault->code = info->si_code;
  fault->thread = ThisThread();
  fault->main_thread = IsFirstThread();
  fault->address = reinterpret_cast<uintptr_t>(info->si_addr);
  fault->pc = registers.pc;
  fault->sp = registers.sp;
  fault->base = plugin_base;
  fault->frame_count = CollectFrames(registers, fault->frames, &fault->scanned);
}

void EndBySignal(int signal) {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  /* The signal stays blocked until the handler returns. */
  SignalThisThread(signal);
}

}  // namespace tenon
