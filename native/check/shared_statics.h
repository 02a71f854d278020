/* Finds the static variables that several instances use. */
#ifndef TENON_CHECK_SHARED_STATICS_H
#define TENON_CHECK_SHARED_STATICS_H

#include <functional>

#include "check/plugin.h"
#include "check/report.h"

namespace tenon::check {

/* Runs `work` with 0 and with 1 in a child process, and returns the writable variables of the library that both
 * used and at least one of them wrote. `work` uses an instance, each time another one. Finds nothing if the
 * plugin cannot be observed: threads that it needs do not exist in the child process, and only x86-64 can
 * continue after each access. Variables that only the first use of the plugin writes count if `with_first_use` is true
 * and this process has not used it yet. It explains a finding, and never is one. */
Evidence FindSharedStatics(Plugin &plugin, const std::function<void(size_t which)> &work,
                           bool with_first_use = false);

}  // namespace tenon::check

#endif
