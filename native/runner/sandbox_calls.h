/* The system calls that a plugin may make in the sandbox: an allow-list. Every other known call fails with
 * EPERM, so that a plugin can continue. Numbers that the table does not know fail with ENOSYS, as on an older
 * kernel. docs/security.md has the same list with reasons; a test compares them. */
#ifndef TENON_RUNNER_SANDBOX_CALLS_H
#define TENON_RUNNER_SANDBOX_CALLS_H

#include <stdint.h>
#include <sys/types.h>

#include <vector>

namespace tenon {

/* A condition on the lower or upper half of an argument: `half & mask` is one of the values (or, if `among`
 * is false, none of them). */
struct CallCondition {
  unsigned argument;
  uint32_t mask;
  std::vector<uint32_t> values;
  bool among = true;
  bool upper = false;
};

/* An allowed call. All conditions must hold; otherwise it fails with EPERM. */
struct AllowedCall {
  uint32_t number;
  const char *name;
  std::vector<CallCondition> conditions;
};

/* The first number above all calls that the table knows (Linux 6.17). */
constexpr uint32_t kCallsEnd = 470;
/* The numbers that no call had when the table was written: from the first one up to the second one. */
#if defined(__aarch64__)
constexpr uint32_t kUnusedCalls[] = {295, 424};
#else
constexpr uint32_t kUnusedCalls[] = {335, 424};
#endif

/* Returns the calls that have a pointer to flags, which a filter cannot read. They fail with ENOSYS, so that
 * the C library makes the older call instead. */
const std::vector<uint32_t> &UnreadableCalls();

/* Returns the allowed calls in the order of their numbers. `self` is the calling process. `scoped` says that
 * signals cannot leave the sandbox, so that a call may be allowed that names a thread and no process. */
std::vector<AllowedCall> AllowedCalls(pid_t self, bool scoped);

}  // namespace tenon

#endif
