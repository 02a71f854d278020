#include "check/crash_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <atomic>

#include "check/guarded_heap.h"
#include "check/watched_memory.h"
#include "plugin/fault_signals.h"

namespace tenon::check {
namespace {

Report *report;
/* The finding of CrashWith, or NULL. */
std::atomic<const char *> finding_of_crash{nullptr};

/* A line of JSON. Building it is async-signal-safe. */
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

/* Returns the finding for the address, if a scenario watches its memory, or NULL. */
const char *FindingAt(uintptr_t address) {
  const char *finding = WatchedFinding(address);
  return finding != nullptr ? finding : GuardedHeapFinding(address);
}

void WriteFinding(const char *finding) {
  if (finding == nullptr) return;
  Line line;
  line.Text("{\"type\":\"finding\",\"fault\":true,\"message\":\""), line.Text(finding), line.Text("\"}");
  line.Send();
}

void WriteCrash(const Fault &fault) {
  Line line;
  line.Text("{\"type\":\"crash\",\"signal\":"), line.Small(fault.signal);
  line.Text(",\"address\":"), line.Hex(fault.address);
  line.Text(",\"pc\":"), line.Hex(fault.pc);
  line.Text(",\"base\":"), line.Hex(fault.base);
  line.Text(fault.main_thread ? ",\"main\":true" : ",\"main\":false");
  line.Text(",\"frames\":[");
  for (uint32_t i = 0; i < fault.frame_count; i++) {
    if (i != 0) line.Text(",");
    line.Hex(fault.frames[i]);
  }
  line.Text("]}");
  line.Send();
}

void OnSignal(int signal, siginfo_t *info, void *context) {
  static std::atomic<bool> written;
  if (!written.exchange(true)) {
    Fault fault = {};
    if (signal == SIGSEGV || signal == SIGBUS)
      WriteFinding(FindingAt(reinterpret_cast<uintptr_t>(info->si_addr)));
    else
      WriteFinding(finding_of_crash);
    ReadFault(signal, info, context, &fault);
    WriteCrash(fault);
  }
  EndBySignal(signal);
}

}  // namespace

void RecordCrashes(Report *where) {
  report = where;
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1; /* 1 also disables a handler of core_pattern */
  setrlimit(RLIMIT_CORE, &core);
  HandleFaults(OnSignal);
}

void ForgetCrashes() {
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU})
    ::signal(signal, SIG_DFL);
}

void CrashWith(const char *finding) {
  finding_of_crash = finding;
  if (report == nullptr) fprintf(stderr, "tenon-checker: %s\n", finding); /* a debugger shows where */
  abort();
}

void SetCrashCode(uintptr_t address) {
  SetPluginCode(FindCode(address));
}

}  // namespace tenon::check
