/* The methods of the plugin's kinds. */
#ifndef TENON_CHECK_METHODS_H
#define TENON_CHECK_METHODS_H

#include <string>
#include <vector>

#include "check/plugin.h"

namespace tenon::check {

struct Method {
  std::string name; /* "method 0 of codec/1" */
  std::string kind; /* "codec/1" */
  size_t slot;
  tenon_method call;
};

/* Returns the methods of all kinds in the descriptor whose tables are usable. The checks of the ABI report
 * the unusable tables. */
std::vector<Method> MethodsOf(Plugin &plugin);
/* Returns the same methods. Ends the process as skipped if there are none. */
std::vector<Method> RequireMethods(Plugin &plugin);

}  // namespace tenon::check

#endif
