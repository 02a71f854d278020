#include "check/left_threads.h"

#include <errno.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "check/clock.h"
#include "check/procfs.h"
#include "check/read_file.h"
#include "plugin/memory.h"

namespace tenon::check {
namespace {

/* The longest time to wait for a thread to take the signal, in milliseconds. */
constexpr uint64_t kPatience = 500;

/* The stack that the signal handler has collected. */
struct Sample {
  std::atomic<bool> wanted{false}, taken{false};
  uint32_t count = 0;
  uint64_t frames[kMaxFrames + 1];
};

Sample sample;

void TakeSample(int, siginfo_t *, void *context) {
  if (!sample.wanted.exchange(false)) return; /* it comes too late */
  int saved = errno;
  Registers registers = RegistersOf(static_cast<const ucontext_t *>(context));
  sample.frames[0] = registers.pc;
  sample.count = 1 + CollectFrames(registers, sample.frames + 1);
  sample.taken = true;
  errno = saved;
}

bool Signal(pid_t thread, int signal) {
  return syscall(SYS_tgkill, getpid(), thread, signal) == 0;
}

/* Returns true if the thread has taken the signal. Otherwise it has ended, or blocks the signal. */
bool Interrupt(pid_t thread) {
  sample.taken = false;
  sample.wanted = true;
  if (!Signal(thread, SIGRTMAX)) return false;
  for (uint64_t until = NowMs() + kPatience; !sample.taken && NowMs() < until && Signal(thread, 0);)
    SleepMs(1);
  if (!sample.taken && sample.wanted.exchange(false)) return false;
  while (!sample.taken) SleepMs(1); /* the handler runs */
  return true;
}

}  // namespace

ThreadState LookAtThread(pid_t thread, const CodeRange &code) {
  struct sigaction action = {}, before;
  action.sa_sigaction = TakeSample;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  sigaction(SIGRTMAX, &action, &before);
  const bool taken = Interrupt(thread);
  ThreadState state;
  if (!taken) {
    state.doing = Signal(thread, 0) ? Doing::kUnknown : Doing::kEnded;
    return state;
  }
  state.doing = Doing::kElsewhere;
  for (uint32_t i = 0; i < sample.count; i++) {
    if (sample.frames[i] >= code.start && sample.frames[i] < code.end) state.doing = Doing::kPlugin;
  }
  state.evidence.base = code.base;
  state.evidence.stack.assign(sample.frames, sample.frames + sample.count);
  return state;
}

namespace {

/* An address at which code of a library that is not the C library can be executed. */
bool IsForeignCode(uintptr_t address) {
  struct Search {
    uintptr_t address;
    bool found;
  } search = {address, false};
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    auto &wanted = *static_cast<Search *>(data);
    for (int i = 0; i < info->dlpi_phnum; i++) {
      const ElfW(Phdr) &header = info->dlpi_phdr[i];
      const uintptr_t start = info->dlpi_addr + header.p_vaddr;
      if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
      if (wanted.address < start || wanted.address >= start + header.p_memsz) continue;
      const char *slash = strrchr(info->dlpi_name, '/');
      const std::string name = slash == nullptr ? info->dlpi_name : slash + 1;
      wanted.found = name.rfind("libc.", 0) != 0 && name.rfind("ld-", 0) != 0;
      return 1;
    }
    return 0;
  };
  dl_iterate_phdr(visit, &search);
  return search.found;
}

/* Finds the stack pointer of a thread that waits in a system call: "232 0x4 ... SP PC". */
bool FindStack(pid_t thread, uintptr_t *stack) {
  std::string text;
  if (!ReadFile("/proc/self/task/" + std::to_string(thread) + "/syscall", &text)) return false;
  unsigned long sp = 0, pc = 0;
  const size_t last = text.find_last_of(' ');
  const size_t before = last == std::string::npos ? last : text.find_last_of(' ', last - 1);
  if (before == std::string::npos || sscanf(text.c_str() + before, "%lx %lx", &sp, &pc) != 2) return false;
  *stack = sp;
  return sp != 0;
}

}  // namespace

bool IsHelperOfLibrary(pid_t thread) {
  constexpr size_t kWords = 1024, kPart = 64;
  uintptr_t stack;
  if (!FindStack(thread, &stack)) return false;
  for (size_t at = 0; at < kWords; at += kPart) {
    uintptr_t words[kPart];
    if (!probe::read_memory(stack + at * sizeof(uintptr_t), words, sizeof(words)))
      break; /* the end of the stack */
    for (uintptr_t word : words) {
      if (IsForeignCode(word)) return false;
    }
  }
  return true;
}

Crowd::Crowd() {
  cpu_set_t one;
  CPU_ZERO(&one);
  const int processor = sched_getcpu();
  if (processor < 0 || sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
  CPU_SET(static_cast<size_t>(processor), &one);
  for (pid_t thread : RunningThreads()) {
    sched_setaffinity(thread, sizeof(one), &one);
    if (thread != getpid()) setpriority(PRIO_PROCESS, static_cast<id_t>(thread), 19);
  }
  changed_ = true;
}

Crowd::~Crowd() {
  if (changed_) sched_setaffinity(0, sizeof(before_), &before_);
}

}  // namespace tenon::check
