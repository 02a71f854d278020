// Gates 6 to 9 of the admission on one file, in this process, reported over the channel.
#ifndef TENON_PROBE_H
#define TENON_PROBE_H

namespace tenon::probe {

// Returns an exit code if the walk could not begin; otherwise the process ends in here.
int run(const char *file);

}  // namespace tenon::probe

#endif
