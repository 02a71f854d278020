/* A keeper process between the host and the process of the plugin. As subreaper it adopts all orphans of the
 * plugin, even processes that have left the process group or outlive a crash. When the plugin's process ends,
 * the host requests it, or the host is gone, the keeper kills all of them. Then it ends in the same way as
 * the plugin's process did. It runs no code of the plugin. */
#ifndef TENON_RUNNER_KEEPER_H
#define TENON_RUNNER_KEEPER_H

namespace tenon {

/* Forks; returns only in the child, which loads the plugin. The calling process stays as the keeper. `life`
 * is a pipe or socket whose other end closes with the host; SIGTERM also makes the keeper end everything.
 * Returns false if the system cannot create a process. */
bool Keep(int life);

}  // namespace tenon

#endif
