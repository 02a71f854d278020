/* The filter of system calls as a program for seccomp. */
#ifndef TENON_RUNNER_SANDBOX_FILTER_H
#define TENON_RUNNER_SANDBOX_FILTER_H

#include <linux/filter.h>

#include <vector>

namespace tenon {

/* Compiles the allow-list for the calling process. `scoped`: see AllowedCalls. Empty on processors without a
 * table. */
std::vector<sock_filter> CompileFilter(bool scoped);

}  // namespace tenon

#endif
