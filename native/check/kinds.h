/* The kinds that a plugin declares. */
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

/* Reads the descriptor of the loaded library. Returns false if it has none. */
bool ReadDescriptor(Plugin &plugin, tenon_descriptor_t *descriptor);

/* Returns the kinds in the descriptor. They are well-formed: the inspection has checked that. */
std::vector<Kind> StatedKinds(Plugin &plugin);
/* Returns the kinds in the descriptor. Ends the process as skipped if there are none. */
std::vector<Kind> RequireKinds(Plugin &plugin);

/* Returns the string in a field. It ends at a NUL, or fills the field. */
std::string TextOf(const char *field, size_t size);

}  // namespace tenon::check

#endif
