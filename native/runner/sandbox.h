/* The sandbox of the runner on Linux: no new privileges, no network, no other processes, no writes, no memory
 * that limits do not count, and reads only where allowed. A process cannot leave it. Enter it with a single
 * thread, before the plugin is opened. */
#ifndef TENON_RUNNER_SANDBOX_H
#define TENON_RUNNER_SANDBOX_H

#include <string>

#include "runner/limits.h"

namespace tenon {

struct SandboxState {
  uint32_t active = 0;       /* bits of RunnerFacts::active */
  uint32_t landlock_abi = 0; /* version in the kernel; 0: no Landlock, reads are not restricted */
};

/* Enters the sandbox as far as the kernel supports it. The result says which parts are active. */
SandboxState EnterSandbox(const std::string &plugin, const Limits &limits);

/* Installs the system-call filter alone. `scoped`: signals cannot leave the sandbox by other means. Returns
 * false if the kernel or the processor does not support it. */
bool FilterSystemCalls(bool scoped);

}  // namespace tenon

#endif
