/* Attempts in which two threads meet in the plugin. Each attempt runs in a child process and is repeated there, so
 * that chance neither makes a finding nor hides one. */
#ifndef TENON_CHECK_MEETINGS_H
#define TENON_CHECK_MEETINGS_H

#include "check/plugin.h"

namespace tenon::check {

/* Calls two instances with different inputs on two threads, and compares each result with that of the same input
 * alone. Results that are not the same each time are not compared. The plugin is loaded, and no instance was made
 * yet. Returns true after a finding. Does nothing on systems that cannot stop a thread at each instruction. */
bool MeetInCalls(Plugin &plugin);

/* Calls one instance on two threads in the same way. */
bool MeetInSharedCalls(Plugin &plugin);

/* Creates, calls and drops two instances on two threads in the same way. */
bool MeetInLives(Plugin &plugin);

}  // namespace tenon::check

#endif
