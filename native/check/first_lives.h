/* Attempts in which the first instance of a process is not complete while another thread makes one. */
#ifndef TENON_CHECK_FIRST_LIVES_H
#define TENON_CHECK_FIRST_LIVES_H

#include "check/plugin.h"

namespace tenon::check {

/* Stops the thread of the first instance at chosen instructions, and lets another thread make, call and drop instances
 * there. Compares their results with those of instances that live one after another. A plugin whose results differ
 * between those, or that starts threads, is not judged. The plugin is loaded, and no instance was made yet. Returns true
 * after a finding. Does nothing on systems that cannot stop a thread at each instruction. */
bool MeetInFirstLives(Plugin &plugin);

}  // namespace tenon::check

#endif
