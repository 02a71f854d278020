#include "check/stepping.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/uninterrupted.h"
#include "check/compare_decoder.h"
#include "check/crash_record.h"

namespace tenon::check {

#if defined(__x86_64__)
namespace {

/* Instructions of one run. A virtual machine may need 50 microseconds for each. */
constexpr uint64_t kMostSteps = 20'000;
/* Seconds for a run, in case it sleeps or is slow. */
constexpr unsigned kPatience = 2;
constexpr greg_t kTrapFlag = 0x100;
constexpr uint8_t kBreakpoint = 0xcc;
/* The exit code of a child that may not change code. */
constexpr int kForbidden = 1;

/* A function of the C library whose arguments are compared. */
struct Comparer {
  const char *name;
  enum Kind { kBytes, kText, kLimitedText, kBytesIn, kTextIn } kind;
  uintptr_t address;
};
Comparer comparers[] = {
    {"memcmp", Comparer::kBytes, 0},        {"bcmp", Comparer::kBytes, 0},
    {"strcmp", Comparer::kText, 0},         {"strcasecmp", Comparer::kText, 0},
    {"strncmp", Comparer::kLimitedText, 0}, {"strncasecmp", Comparer::kLimitedText, 0},
    {"memmem", Comparer::kBytesIn, 0},      {"strstr", Comparer::kTextIn, 0},
};

/* A breakpoint in the code of the plugin: at the start of a function that the checker calls, or where a call of
 * another library returns to. In between, nothing is stepped. */
struct Breakpoint {
  uint8_t *at;
  uint8_t original;
};
constexpr size_t kMostBreakpoints = 128;

/* The state of the child, which a signal handler uses. */
struct {
  CodeRange code;
  Trace *trace;
  const std::vector<uintptr_t> *entries;
  Breakpoint breakpoints[kMostBreakpoints];
  uintptr_t last;
  uint64_t steps;
} stepping;

bool IsInside(uintptr_t place) {
  return place >= stepping.code.start && place < stepping.code.end;
}

void SetBreakpoint(uintptr_t place) {
  uint8_t *at = reinterpret_cast<uint8_t *>(place);
  if (!IsInside(place) || *at == kBreakpoint) return;
  for (Breakpoint &breakpoint : stepping.breakpoints) {
    if (breakpoint.at != nullptr) continue;
    breakpoint = {at, *at};
    *at = kBreakpoint;
    return;
  }
}

/* Restores the instruction. Returns false if the breakpoint is the plugin's own. */
bool RemoveBreakpoint(uintptr_t place) {
  for (Breakpoint &breakpoint : stepping.breakpoints) {
    if (breakpoint.at != reinterpret_cast<uint8_t *>(place)) continue;
    *breakpoint.at = breakpoint.original;
    breakpoint.at = nullptr;
    return true;
  }
  return false;
}

void AwaitEntry() {
  for (uintptr_t entry : *stepping.entries) SetBreakpoint(entry);
}

void RecordCall(const Comparer &comparer, const greg_t *registers, uintptr_t place) {
  const char *one = reinterpret_cast<const char *>(registers[REG_RDI]);
  const char *other = reinterpret_cast<const char *>(registers[REG_RSI]);
  size_t size = static_cast<size_t>(registers[REG_RDX]);
  constexpr size_t kMost = Comparison::kWidest;
  switch (comparer.kind) {
    case Comparer::kBytes:
      break;
    case Comparer::kText:
      size = std::min(strnlen(one, kMost), strnlen(other, kMost));
      break;
    case Comparer::kLimitedText:
      size = std::min(strnlen(one, std::min(size, kMost)), strnlen(other, std::min(size, kMost)));
      break;
    case Comparer::kBytesIn: /* the haystack, its size, the needle, its size */
      size = std::min(static_cast<size_t>(registers[REG_RSI]), static_cast<size_t>(registers[REG_RCX]));
      other = reinterpret_cast<const char *>(registers[REG_RDX]);
      break;
    case Comparer::kTextIn:
      size = std::min(strnlen(one, kMost), strnlen(other, kMost));
      break;
  }
  stepping.trace->CompareBytes(place, one, other, size);
}

void RecordInstruction(uintptr_t place, const ucontext_t &context) {
  stepping.trace->Count(EdgeBetween(stepping.last, place));
  stepping.last = place;
  Operands operands;
  if (DecodeCompare(context, &operands))
    stepping.trace->CompareNumbers(place, operands.one, operands.other, operands.size);
}

/* The plugin calls another library, or returns. */
void Leave(uintptr_t place, greg_t *registers) {
  for (const Comparer &comparer : comparers) {
    if (comparer.address == place) RecordCall(comparer, registers, stepping.last);
  }
  uintptr_t back = *reinterpret_cast<const uintptr_t *>(registers[REG_RSP]);
  if (IsInside(back))
    SetBreakpoint(back);
  else
    AwaitEntry();
  registers[REG_EFL] &= ~kTrapFlag;
}

void OnStep(int, siginfo_t *info, void *where) {
  ucontext_t &context = *static_cast<ucontext_t *>(where);
  greg_t *registers = context.uc_mcontext.gregs;
  if (info->si_code != TRAP_TRACE && !RemoveBreakpoint(static_cast<uintptr_t>(--registers[REG_RIP])))
    _exit(0);
  if (++stepping.steps > kMostSteps) _exit(0);
  uintptr_t place = static_cast<uintptr_t>(registers[REG_RIP]);
  registers[REG_EFL] |= kTrapFlag;
  if (IsInside(place))
    RecordInstruction(place, context);
  else
    Leave(place, registers);
}

/* The work of the child. Its end has no effect on the report. */
[[noreturn]] void StepThrough(const std::function<void()> &work) {
  ForgetCrashes();
  int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (int output : {STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, output);
  alarm(kPatience);
  struct sigaction action = {};
  action.sa_sigaction = OnStep;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTRAP, &action, nullptr);
  constexpr uintptr_t kPage = 4096;
  uintptr_t start = stepping.code.start / kPage * kPage;
  if (mprotect(reinterpret_cast<void *>(start), stepping.code.end - start,
               PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    _exit(kForbidden);
  AwaitEntry();
  work();
  _exit(0);
}

/* Waits for the child. A plugin may have removed its alarm. */
bool WaitFor(pid_t child, int *status) {
  int file = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  if (file >= 0) {
    pollfd one = {file, POLLIN, 0};
    if (!PollFor(&one, static_cast<int>(kPatience + 1) * 1000)) kill(child, SIGKILL);
    close(file);
  }
  return Uninterrupted([&] { return waitpid(child, status, 0); }) == child;
}

}  // namespace

Stepper::Stepper(const CodeRange &code, std::vector<uintptr_t> entries)
    : code_(code), entries_(std::move(entries)) {
  void *memory = mmap(nullptr, sizeof(Trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  trace_ = static_cast<Trace *>(memory);
  for (Comparer &comparer : comparers)
    comparer.address = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, comparer.name));
}

Trace &Stepper::Run(const std::function<void()> &work) {
  trace_->Clear();
  stepping.code = code_;
  stepping.trace = trace_;
  stepping.entries = &entries_;
  stepping.last = code_.base;
  pid_t child = fork();
  if (child == 0) StepThrough(work);
  int status = 0;
  bool waited = child > 0 && WaitFor(child, &status);
  if (waited && WIFEXITED(status) && WEXITSTATUS(status) == kForbidden) failures_ = kMostFailures;
  /* A crash is that of the plugin, which the call after this one shows. */
  int signal = waited && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  bool useful = waited && signal != SIGALRM && signal != SIGTRAP && signal != SIGKILL;
  failures_ = useful && failures_ < kMostFailures ? 0 : failures_ + 1;
  return *trace_;
}

#else

Stepper::Stepper(const CodeRange &code, std::vector<uintptr_t>) : code_(code) {}

Trace &Stepper::Run(const std::function<void()> &) {
  return *trace_;
}

#endif

}  // namespace tenon::check
