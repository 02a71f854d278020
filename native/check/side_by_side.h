/* Instances that live at the same time, called in turn: whether each does what it does alone. */
#ifndef TENON_CHECK_SIDE_BY_SIDE_H
#define TENON_CHECK_SIDE_BY_SIDE_H

#include <vector>

#include "check/plugin.h"

namespace tenon::check {

/* Makes an instance by each vtable, calls all of them in turn with the usual input, and drops them. A finding
 * if one of them cannot be made, or answers otherwise than alone; `which` ends the sentence: "beside two
 * others". Answers that differ from one lone instance to the next are not compared. */
void LiveSideBySide(Plugin &plugin, const std::vector<const tenon_plugin *> &vtables,
                    const std::string &which);

}  // namespace tenon::check

#endif
