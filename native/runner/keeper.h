/* A keeper process between the host and the process of the plugin. As subreaper it adopts all orphans of the
 * plugin, even processes that have left the process group or outlive a crash. When the plugin's process ends,
 * the host requests it, or the host is gone, the keeper kills all of them. Then it ends in the same way as
 * the plugin's process did. It runs no code of the plugin. */
#ifndef TENON_RUNNER_KEEPER_H
#define TENON_RUNNER_KEEPER_H

#include <stdint.h>

namespace tenon {

/* The exit code of a keeper that ended everything because of `limit`. */
constexpr int kExitMemory = 87;

/* Forks; returns only in the child, which loads the plugin. The calling process stays as the keeper. `life` is
 * a pipe or socket whose other end closes with the host; SIGTERM also makes the keeper end everything, and so
 * does a process with more shared memory than `limit` bytes, unless that is 0. Returns false if the system
 * cannot create a process. */
bool Keep(int life, uint64_t limit);

/* Returns whether the keeper finds processes that have left the group of the runner. It needs a subreaper and
 * /proc. */
bool FindsOrphans();

}  // namespace tenon

#endif
