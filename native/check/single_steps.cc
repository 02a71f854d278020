#include "check/single_steps.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "check/unlocked_update.h"

namespace tenon::check {

std::vector<CodeSpan> LoadedCode() {
  std::vector<CodeSpan> ranges;
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *all) {
        for (size_t i = 0; i < info->dlpi_phnum; i++) {
          const auto &header = info->dlpi_phdr[i];
          if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
          uintptr_t start = info->dlpi_addr + header.p_vaddr;
          static_cast<std::vector<CodeSpan> *>(all)->push_back({start, start + header.p_memsz});
        }
        return 0;
      },
      &ranges);
  return ranges;
}

std::vector<CodeSpan> NewCode(const std::vector<CodeSpan> &before, const std::vector<CodeSpan> &now) {
  std::vector<CodeSpan> ranges;
  for (const CodeSpan &one : now) {
    bool known = std::any_of(before.begin(), before.end(),
                             [&](const CodeSpan &other) { return other.start == one.start; });
    if (!known) ranges.push_back(one);
  }
  return ranges;
}

#if defined(__x86_64__) && defined(__linux__)
namespace {

constexpr greg_t kTrapFlag = 0x100;
constexpr uint8_t kBreakpoint = 0xcc;
/* After this number of instructions the code runs without steps. */
constexpr uint64_t kMostSteps = 4000;
/* The most additional stops in a run, at updates without a lock. */
constexpr uint64_t kMostUpdates = 64;
/* Updates this close to the stack pointer are those of local variables. */
constexpr uintptr_t kBelowStack = 64 << 10, kAboveStack = 1 << 20;

struct Run {
  const StepPlan *plan = nullptr;
  StepCount count;
  uint64_t next = 0, updates = 0;
  pid_t process = 0;
  bool was_counted = false, ended = false;
};

thread_local Run *current = nullptr;
struct sigaction before_stepping;

/* The breakpoint where the code of other libraries returns to code that is counted. There is at most one. */
std::atomic<uint8_t *> breakpoint{nullptr};
uint8_t under_breakpoint;

bool IsCounted(const Run &run, uintptr_t pc) {
  for (const CodeSpan &range : *run.plan->code) {
    if (pc >= range.start && pc < range.end) return true;
  }
  return false;
}

/* Makes the counted code writable for breakpoints. Returns false if the system forbids that. */
bool Unlock(const std::vector<CodeSpan> &code) {
  constexpr uintptr_t kPage = 4096;
  for (const CodeSpan &range : code) {
    const uintptr_t start = range.start & ~(kPage - 1), end = (range.end + kPage - 1) & ~(kPage - 1);
    if (mprotect(reinterpret_cast<void *>(start), end - start, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
      return false;
  }
  return true;
}

UnlockedUpdate UpdateAt(const uint8_t *code, const greg_t *registers) {
  const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                         REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  uint64_t values[16];
  for (size_t i = 0; i < 16; i++) values[i] = static_cast<uint64_t>(registers[order[i]]);
  UnlockedUpdate update = DecodeUnlockedUpdate(code, values);
  const uintptr_t stack = values[4];
  if (update.address > stack - kBelowStack && update.address < stack + kAboveStack) update.size = 0;
  return update;
}

/* Stops before the instruction. If it is an update, others may change the memory meanwhile, and the value that
 * it reads is nevertheless the one from before. */
void Stop(const Run &run, const UnlockedUpdate &update) {
  uint64_t value;
  void *memory = reinterpret_cast<void *>(update.address);
  if (update.size != 0) memcpy(&value, memory, update.size);
  run.plan->stop(run.plan->argument);
  if (update.size != 0 && memcmp(&value, memory, update.size) != 0) memcpy(memory, &value, update.size);
}

void StepCounted(Run *run, const greg_t *registers) {
  const uint64_t number = run->count.counted++;
  if (run->plan->every == 0) return;
  const uint8_t *code = reinterpret_cast<const uint8_t *>(registers[REG_RIP]);
  const UnlockedUpdate update = UpdateAt(code, registers);
  const bool splits = update.size != 0 && run->updates < kMostUpdates;
  if (splits) run->updates++;
  if (!splits && number != run->next) return;
  if (number >= run->next) run->next = number + run->plan->every;
  Stop(*run, update);
}

/* If counted code has called a function of another library, lets it run without steps until it returns. */
bool RunToReturn(const Run &run, const greg_t *registers) {
  const uintptr_t to = *reinterpret_cast<const uintptr_t *>(registers[REG_RSP]);
  if (!run.was_counted || !IsCounted(run, to)) return false;
  uint8_t *code = reinterpret_cast<uint8_t *>(to);
  under_breakpoint = *code;
  breakpoint = code;
  *code = kBreakpoint;
  return true;
}

void Step(Run *run, greg_t *registers) {
  const bool counted = IsCounted(*run, static_cast<uintptr_t>(registers[REG_RIP]));
  if (run->count.all++ >= kMostSteps) {
    run->count.complete = false;
    registers[REG_EFL] &= ~kTrapFlag;
    return;
  }
  if (counted) {
    StepCounted(run, registers);
  } else if (RunToReturn(*run, registers)) {
    registers[REG_EFL] &= ~kTrapFlag;
  }
  run->was_counted = counted;
}

/* Removes the breakpoint, if it is the one at which this thread has arrived. */
bool TakeBreakpoint(greg_t *registers) {
  uint8_t *code = reinterpret_cast<uint8_t *>(registers[REG_RIP] - 1);
  if (breakpoint.load() != code) return false;
  *code = under_breakpoint;
  breakpoint = nullptr;
  registers[REG_RIP] -= 1;
  return true;
}

void OnStep(int, siginfo_t *info, void *context) {
  greg_t *registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  const int kept = errno;
  const bool steps = info->si_code == TRAP_TRACE || TakeBreakpoint(registers);
  if (!steps) {
    sigaction(SIGTRAP, &before_stepping, nullptr);
    raise(SIGTRAP); /* the plugin's own */
  } else if (current == nullptr || current->ended || current->process != getpid()) {
    registers[REG_EFL] &= ~kTrapFlag;
    current = nullptr;
  } else {
    registers[REG_EFL] |= kTrapFlag;
    Step(current, registers);
  }
  errno = kept;
}

/* The 128 bytes below the stack pointer may be in use. */
inline __attribute__((always_inline)) void BeginSteps() {
  asm volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp" ::
                   : "memory", "cc");
}

}  // namespace

StepCount RunInSteps(const StepPlan &plan, const std::function<void()> &work) {
  if (!Unlock(*plan.code)) {
    work();
    return {0, 0, false};
  }
  Run run;
  run.plan = &plan;
  run.next = plan.first;
  run.process = getpid();
  struct sigaction action = {};
  action.sa_sigaction = OnStep;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(SIGTRAP, &action, &before_stepping);
  current = &run;
  BeginSteps();
  work();
  run.ended = true;
  asm volatile("nop\n\tnop" ::: "memory"); /* the handler ends the steps here */
  current = nullptr;
  sigaction(SIGTRAP, &before_stepping, nullptr);
  return run.count;
}

bool CanStep() {
  static const bool can = [] {
    const std::vector<CodeSpan> none;
    StepPlan plan;
    plan.code = &none;
    return RunInSteps(plan, [] { asm volatile("nop\n\tnop\n\tnop"); }).all >= 3;
  }();
  return can;
}
#else
StepCount RunInSteps(const StepPlan &, const std::function<void()> &work) {
  work();
  return {0, 0, false};
}

bool CanStep() {
  return false;
}
#endif

}  // namespace tenon::check
