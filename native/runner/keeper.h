/* The process between the host and the one that has the plugin. All that a plugin starts and loses falls to
 * it (it is their subreaper), also what has left the process group and what outlives a crash: when the
 * plugin's process ends, or the host wants it to, or the host is gone, the keeper ends them all, and then
 * itself in the same way as the plugin's process did. It runs no code of the plugin. */
#ifndef TENON_RUNNER_KEEPER_H
#define TENON_RUNNER_KEEPER_H

namespace tenon {

/* Comes back in the process that is to have the plugin; the calling one stays as its keeper. `life` is a pipe
 * or socket whose other end closes with the host; SIGTERM has the keeper end everything too. False if the
 * system is out of processes. */
bool Keep(int life);

}  // namespace tenon

#endif
