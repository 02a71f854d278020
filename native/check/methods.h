/* The methods of the kinds that a plugin has. */
#ifndef TENON_CHECK_METHODS_H
#define TENON_CHECK_METHODS_H

#include <string>
#include <vector>

#include "check/plugin.h"

namespace tenon::check {

struct Method {
  std::string name; /* "method 0 of codec/1" */
  tenon_method call;
};

/* Of all kinds that the descriptor lists, as far as their tables can be used: what is wrong with the others
 * is for the checks of the ABI. Ends the process as skipped if there are none. */
std::vector<Method> RequireMethods(Plugin &plugin);

}  // namespace tenon::check

#endif
