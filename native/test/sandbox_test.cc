/* The filter of system calls, tried with every number. With the argument `list` it prints the table. */
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

#include "runner/sandbox.h"
#include "runner/sandbox_calls.h"
#include "runner/sandbox_filter.h"
#include "sandbox_attempts.h"
#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

constexpr uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM, kUnknown = SECCOMP_RET_ERRNO | ENOSYS;
#if defined(__x86_64__)
/* uretprobe and uprobe, with which the kernel instruments programs. It does not ask filters, and ends a
 * process that calls them by itself. */
constexpr uint32_t kInstruments[] = {335, 336};
#else
constexpr uint32_t kInstruments[] = {~0u, ~0u};
#endif
/* Numbers far above the table, negative ones, and those of the x32 ABI. */
constexpr uint32_t kAbove[] = {470, 471, 500, 1000, 0x40000000, 0x40000001, 0x7fffffff, 0x80000000, ~0u};

/* Runs a filter as the kernel does. */
uint32_t VerdictOf(const std::vector<sock_filter> &code, const seccomp_data &data) {
  uint32_t value = 0;
  for (size_t at = 0;; at++) {
    const sock_filter &step = code.at(at);
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        memcpy(&value, reinterpret_cast<const char *>(&data) + step.k, sizeof(value));
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        value &= step.k;
        break;
      case BPF_JMP | BPF_JA:
        at += step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += value == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += value >= step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        CHECK(false);
    }
  }
}

uint32_t ProcessorOf(const std::vector<sock_filter> &code) {
  return code.at(1).k; /* the program begins with a comparison with it */
}

uint32_t Verdict(const std::vector<sock_filter> &code, uint32_t number, const Arguments &arguments) {
  seccomp_data data = {};
  data.nr = static_cast<int>(number);
  data.arch = ProcessorOf(code);
  for (size_t i = 0; i < arguments.size(); i++) data.args[i] = arguments[i];
  return VerdictOf(code, data);
}

bool IsUnused(uint32_t number) {
  return number >= kUnusedCalls[0] && number < kUnusedCalls[1];
}

void EveryNumber() {
  for (bool scoped : {false, true}) {
    std::vector<sock_filter> code = CompileFilter(scoped);
    std::set<uint32_t> free, conditional, unreadable(UnreadableCalls().begin(), UnreadableCalls().end());
    for (const AllowedCall &call : AllowedCalls(getpid(), scoped)) {
      CHECK(free.count(call.number) == 0 && conditional.count(call.number) == 0);
      (call.conditions.empty() ? free : conditional).insert(call.number);
    }
    uint32_t counts[3] = {};
    for (uint32_t number = 0; number < kCallsEnd; number++) {
      uint32_t verdict = Verdict(code, number, {});
      if (free.count(number) != 0) {
        CHECK(verdict == SECCOMP_RET_ALLOW);
        counts[0]++;
      } else if (conditional.count(number) != 0) {
        CHECK(verdict == SECCOMP_RET_ALLOW || verdict == kRefused);
        counts[0]++;
      } else if (unreadable.count(number) != 0 || IsUnused(number)) {
        CHECK(verdict == kUnknown);
        counts[1]++;
      } else {
        CHECK(verdict == kRefused);
        counts[2]++;
      }
    }
    for (uint32_t number : kAbove) CHECK(Verdict(code, number, {}) == kUnknown);
    seccomp_data other = {};
    other.arch = 0x40000003; /* AUDIT_ARCH_I386 */
    CHECK(VerdictOf(code, other) == kUnknown);
    printf("    %zu steps: %u calls allowed, %u unknown, %u refused\n", code.size(), counts[0], counts[1],
           counts[2]);
  }
}

/* Makes the call with numbers that mean nothing. Returns its errno. */
int ErrorOf(uint32_t number) {
  errno = 0;
  return syscall(static_cast<long>(number), -1, -1, -1, -1, -1, -1) == -1 ? errno : 0;
}

/* Ends the process with the number of calls whose errno differs from the filter's verdict. */
[[noreturn]] void TryRefusedCalls() {
  std::vector<sock_filter> code = CompileFilter(false);
  const Arguments nothing(6, ~uint64_t{0});
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !FilterSystemCalls(false)) _exit(200);
  int wrong = 0;
  for (uint32_t number = 0; number < kCallsEnd + 64; number++) {
    uint32_t verdict = Verdict(code, number, nothing);
    if (verdict == SECCOMP_RET_ALLOW || number == kInstruments[0] || number == kInstruments[1]) continue;
    if (ErrorOf(number) == static_cast<int>(verdict & SECCOMP_RET_DATA)) continue;
    dprintf(2, "call %u: errno %d instead of %u\n", number, errno, verdict & SECCOMP_RET_DATA);
    wrong++;
  }
  _exit(wrong);
}

void TheKernelAgrees() {
  pid_t child = fork();
  if (child == 0) TryRefusedCalls();
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void Conditions() {
  std::vector<sock_filter> code = CompileFilter(false);
  for (const Attempt &attempt : Attempts()) {
    bool allowed = Verdict(code, attempt.number, attempt.arguments) == SECCOMP_RET_ALLOW;
    if (allowed != attempt.allowed) printf("    %s: wrong\n", attempt.what);
    CHECK(allowed == attempt.allowed);
  }
}

void NeverAllowed() {
  std::vector<sock_filter> code = CompileFilter(false);
  for (uint32_t number : CallsThatReachOthers()) {
    for (uint64_t value : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}, static_cast<uint64_t>(getpid())}) {
      uint32_t verdict = Verdict(code, number, Arguments(6, value));
      if (verdict == SECCOMP_RET_ALLOW) printf("    call %u is allowed\n", number);
      CHECK(verdict == kRefused || verdict == kUnknown);
    }
  }
  CHECK(Verdict(CompileFilter(true), SYS_tkill, {}) == SECCOMP_RET_ALLOW);
}

void Print() {
  for (const AllowedCall &call : AllowedCalls(getpid(), true))
    printf("%u %s%s\n", call.number, call.name, call.conditions.empty() ? "" : " *");
}

}  // namespace

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "list") == 0) return Print(), 0;
  Run("every number is allowed by the list, fails with EPERM, or is unknown", EveryNumber);
  Run("the kernel refuses each refused call with the same errno", TheKernelAgrees);
  Run("calls that are allowed in part are refused in the other part", Conditions);
  Run("calls that reach others are refused whatever their arguments are", NeverAllowed);
  return 0;
}
