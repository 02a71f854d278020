/* The sandbox of the runner on Linux: no new privileges, no network, no other processes, no writes, reads
 * only where allowed. For this process for good. Only with one thread, before the plugin is opened. */
#ifndef TENON_RUNNER_SANDBOX_H
#define TENON_RUNNER_SANDBOX_H

#include <string>

#include "runner/limits.h"

namespace tenon {

struct SandboxState {
  uint32_t active = 0;       /* bits of RunnerFacts::active */
  uint32_t landlock_abi = 0; /* what the kernel has; 0: no Landlock, reads are not restricted */
};

/* Enters the sandbox as far as the kernel has one; the result tells how far. */
SandboxState EnterSandbox(const std::string &plugin, const Limits &limits);

/* The system-call filter alone. False if the kernel or the processor has none. */
bool FilterSystemCalls();

}  // namespace tenon

#endif
