/* Compiles the allow-list of system calls to a filter for seccomp. The filter searches the number in a binary
 * tree, and the kernel (from 5.11 on) remembers which numbers are always allowed, so that a typical call costs
 * nothing. */
#include "runner/sandbox_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "runner/sandbox.h"
#include "runner/sandbox_calls.h"

namespace tenon {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kProcessor = 0;
#endif

constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM, kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

using Code = std::vector<sock_filter>;

void Add(Code *code, int operation, uint32_t k, uint8_t if_true = 0, uint8_t if_false = 0) {
  code->push_back({static_cast<uint16_t>(operation), if_true, if_false, k});
}

void Load(Code *code, size_t offset) {
  Add(code, BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

void Return(Code *code, uint32_t verdict) {
  Add(code, BPF_RET | BPF_K, verdict);
}

/* Both supported processors are little-endian. */
size_t PlaceOf(const CallCondition &condition) {
  return offsetof(seccomp_data, args) + condition.argument * sizeof(uint64_t) + (condition.upper ? 4 : 0);
}

/* Refuses the call unless the condition holds. */
void Check(Code *code, const CallCondition &condition) {
  Load(code, PlaceOf(condition));
  if (condition.mask != ~0u) Add(code, BPF_ALU | BPF_AND | BPF_K, condition.mask);
  uint8_t left = static_cast<uint8_t>(condition.values.size());
  /* A match jumps behind the refusal or to it; no match at all does the opposite. */
  for (uint32_t value : condition.values) {
    left--;
    uint8_t match = condition.among ? left + 1 : left;
    uint8_t other = left == 0 && !condition.among ? 1 : 0;
    Add(code, BPF_JMP | BPF_JEQ | BPF_K, value, match, other);
  }
  Return(code, kRefuse);
}

/* The numbers from `start` up to the next interval, all of which have the same code. */
struct Interval {
  uint32_t start;
  Code code;
};

Code CodeOf(const AllowedCall &call) {
  Code code;
  for (const CallCondition &condition : call.conditions) Check(&code, condition);
  Return(&code, SECCOMP_RET_ALLOW);
  return code;
}

Code Constant(uint32_t verdict) {
  Code code;
  Return(&code, verdict);
  return code;
}

bool IsSame(const Code &one, const Code &other) {
  return one.size() == 1 && other.size() == 1 && one[0].k == other[0].k;
}

/* Returns the intervals of all numbers. */
std::vector<Interval> Intervals(const std::vector<AllowedCall> &calls) {
  std::vector<Interval> intervals;
  const auto &unreadable = UnreadableCalls();
  auto call = calls.begin();
  for (uint32_t number = 0; number <= kCallsEnd; number++) {
    bool is_known = number < kCallsEnd && (number < kUnusedCalls[0] || number >= kUnusedCalls[1]) &&
                    std::find(unreadable.begin(), unreadable.end(), number) == unreadable.end();
    Code code = Constant(is_known ? kRefuse : kUnknown);
    if (call != calls.end() && call->number == number) code = CodeOf(*call++);
    if (intervals.empty() || !IsSame(intervals.back().code, code)) intervals.push_back({number, code});
  }
  return intervals;
}

Code Tree(const std::vector<Interval> &intervals, size_t first, size_t end) {
  if (end - first == 1) return intervals[first].code;
  size_t middle = first + (end - first) / 2;
  Code lower = Tree(intervals, first, middle), upper = Tree(intervals, middle, end), code;
  Add(&code, BPF_JMP | BPF_JGE | BPF_K, intervals[middle].start, 0, 1);
  Add(&code, BPF_JMP | BPF_JA, static_cast<uint32_t>(lower.size()));
  code.insert(code.end(), lower.begin(), lower.end());
  code.insert(code.end(), upper.begin(), upper.end());
  return code;
}

}  // namespace

std::vector<sock_filter> CompileFilter(bool scoped) {
  Code code;
  if (kProcessor == 0) return code;
  std::vector<Interval> intervals = Intervals(AllowedCalls(getpid(), scoped));
  /* Calls of another processor (the 32-bit one) have different numbers. Those of the x32 ABI are above all
   * others. */
  Load(&code, offsetof(seccomp_data, arch));
  Add(&code, BPF_JMP | BPF_JEQ | BPF_K, kProcessor, 1, 0);
  Return(&code, kUnknown);
  Load(&code, offsetof(seccomp_data, nr));
  Code tree = Tree(intervals, 0, intervals.size());
  code.insert(code.end(), tree.begin(), tree.end());
  return code;
}

bool FilterSystemCalls(bool scoped) {
  std::vector<sock_filter> code = CompileFilter(scoped);
  if (code.empty()) return false;
  sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace tenon
