// The calls of the system that the probe makes.
#ifndef TENON_RUNNER_PROBE_SYSTEM_H
#define TENON_RUNNER_PROBE_SYSTEM_H

#include <set>
#include <string>

#include "runner/limits.h"

namespace tenon::probe {

// Ends this process with its host. Returns false if the host is gone.
bool end_with(int host);

// Puts the limits in force, and the sandbox.
void confine(const char *file, const Limits &limits);

// Returns the paths of the objects in this process. The host compares those of the plugin with what it admitted.
std::set<std::string> loaded_objects();

}  // namespace tenon::probe

#endif
