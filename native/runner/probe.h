// Gates 6 to 9 of the admission on one file, run in this process and reported over the channel.
#ifndef TENON_RUNNER_PROBE_H
#define TENON_RUNNER_PROBE_H

#include "runner/limits.h"

namespace tenon::probe {

// Runs the gates. The limits are in force before any code of the file runs. Returns an exit code if the gates
// could not begin; otherwise the process ends in this function.
int run(const char *file, const Limits &limits);

}  // namespace tenon::probe

#endif
