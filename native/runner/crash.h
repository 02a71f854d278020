/* What the runner still tells when the plugin takes it down: a record of the crash in the shared memory, and
 * a host that is woken at once instead of at its deadline. */
#ifndef TENON_RUNNER_CRASH_H
#define TENON_RUNNER_CRASH_H

#include "channel/link.h"

namespace tenon {

/* Installs the handlers for the signals that a fault raises, on a stack of their own for this thread, and
 * notices `exit` too. Call before the plugin is opened, so that its exit handlers run first. The channel must
 * live as long as the process. */
void WatchForCrashes(HostLink *channel);

/* The process ends from here on because it was told to. */
void ExpectExit();

}  // namespace tenon

#endif
