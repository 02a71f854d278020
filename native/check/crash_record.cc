#include "check/crash_record.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>

#include "plugin/frames.h"
#include "check/watched_memory.h"

namespace tenon::check {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU};
constexpr size_t kStackSize = 64 * 1024;

Report *report;
uintptr_t base;

/* A line of JSON made without anything that a signal handler must not use. */
class Line {
 public:
  void Text(const char *text) {
    while (*text != '\0' && size_ < sizeof(text_)) text_[size_++] = *text++;
  }
  void Hex(uint64_t value) {
    char digits[17];
    int at = 16;
    digits[16] = '\0';
    do digits[--at] = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    Text("\"0x");
    Text(digits + at);
    Text("\"");
  }
  void Small(int value) {
    if (value >= 10) Small(value / 10);
    char digit[2] = {static_cast<char>('0' + value % 10), '\0'};
    Text(digit);
  }
  void Send() { report->WriteRaw(text_, size_); }

 private:
  char text_[2048];
  size_t size_ = 0;
};

/* Where the plugin was stopped in memory that means something, that is what is wrong. */
void TellMeaning(uintptr_t address) {
  const char *finding = WatchedFinding(address);
  if (finding == nullptr) return;
  Line line;
  line.Text("{\"type\":\"finding\",\"message\":\""), line.Text(finding), line.Text("\"}");
  line.Send();
}

void OnSignal(int signal, siginfo_t *info, void *context) {
  static std::atomic<bool> told;
  if (!told.exchange(true)) {
    if (signal == SIGSEGV || signal == SIGBUS) TellMeaning(reinterpret_cast<uintptr_t>(info->si_addr));
    Registers registers = RegistersOf(static_cast<const ucontext_t *>(context));
    uint64_t frames[kMaxFrames];
    uint32_t count = CollectFrames(registers, frames);
    Line line;
    line.Text("{\"type\":\"crash\",\"signal\":"), line.Small(signal);
    line.Text(",\"address\":"), line.Hex(reinterpret_cast<uintptr_t>(info->si_addr));
    line.Text(",\"pc\":"), line.Hex(registers.pc);
    line.Text(",\"base\":"), line.Hex(base);
    bool main_thread = syscall(SYS_gettid) == getpid();
    line.Text(main_thread ? ",\"main\":true" : ",\"main\":false");
    line.Text(",\"frames\":[");
    for (uint32_t i = 0; i < count; i++) {
      if (i != 0) line.Text(",");
      line.Hex(frames[i]);
    }
    line.Text("]}");
    line.Send();
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

}  // namespace

void RecordCrashes(Report *where) {
  report = where;
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1; /* keeps away a handler behind core_pattern, too */
  setrlimit(RLIMIT_CORE, &core);
  void *memory = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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

void SetCrashCode(uintptr_t address) {
  CodeRange range = FindCode(address);
  base = range.base;
  SetFrameCode(range.start, range.end);
}

}  // namespace tenon::check
