/* The kinds that a plugin states to have. */
#ifndef TENON_CHECK_KINDS_H
#define TENON_CHECK_KINDS_H

#include <string>
#include <vector>

#include "check/plugin.h"

namespace tenon::check {

struct Kind {
  std::string stated; /* "codec/1.0.0" */
  std::string id;     /* "codec/1" */
};

/* The descriptor of the loaded library. False if there is none. */
bool ReadDescriptor(Plugin &plugin, tenon_descriptor_t *descriptor);

/* Those that the descriptor lists; inspection has found them well-formed. */
std::vector<Kind> StatedKinds(Plugin &plugin);
/* Ends the process as skipped if there are none. */
std::vector<Kind> RequireKinds(Plugin &plugin);

/* A text in a field that it fills, or ends with a NUL. */
std::string TextOf(const char *field, size_t size);

}  // namespace tenon::check

#endif
