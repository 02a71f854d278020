/* Crash reporting of the runner: a crash record in the shared memory, and a wake-up for the host, which would
 * otherwise wait until its timeout. */
#ifndef TENON_RUNNER_CRASH_H
#define TENON_RUNNER_CRASH_H

#include "channel/link.h"

namespace tenon {

/* Installs the handlers for the signals that a fault raises, on a stack of their own for this thread, and
 * notices `exit` too. Call before the plugin is opened, so that its exit handlers run first. The channel must
 * live as long as the process. */
void WatchForCrashes(HostLink *channel);

/* Declares the library with the code at `entry` as the plugin's. Its addresses are worth reporting. */
void WatchPlugin(uintptr_t entry);

/* From here on the end of the process is expected. */
void ExpectExit();

}  // namespace tenon

#endif
