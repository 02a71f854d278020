/* A comparison of instances that exist at the same time with a single instance. */
#ifndef TENON_CHECK_SIDE_BY_SIDE_H
#define TENON_CHECK_SIDE_BY_SIDE_H

#include <vector>

#include "check/plugin.h"

namespace tenon::check {

/* Makes an instance with each vtable, calls all of them in turn with the usual input, and drops them. Reports
 * a finding if `new` or a call has another result than with a single instance. `which` ends the sentence:
 * "next to two others". Results that already differ between two single instances are not compared. */
void LiveSideBySide(Plugin &plugin, const std::vector<const tenon_plugin *> &vtables,
                    const std::string &which);

}  // namespace tenon::check

#endif
