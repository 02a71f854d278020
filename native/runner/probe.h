// Gates 6 to 9 of the admission on one file, in this process, reported over the channel.
#ifndef TENON_RUNNER_PROBE_H
#define TENON_RUNNER_PROBE_H

#include "runner/limits.h"

namespace tenon::probe {

// The limits hold before anything of the file runs. Returns an exit code if the walk could not begin;
// otherwise the process ends in here.
int run(const char *file, const Limits &limits);

}  // namespace tenon::probe

#endif
