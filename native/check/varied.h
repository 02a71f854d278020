/* Inputs that differ from each other in length and content, and what the plugin returns for each of them. */
#ifndef TENON_CHECK_VARIED_H
#define TENON_CHECK_VARIED_H

#include <string>
#include <vector>

#include "check/plugin.h"

namespace tenon::check {

/* Returns the inputs of the options, and inputs made from the first of them: of odd and even lengths, with other
 * letters, numbers and times. The plugin need not accept those. */
std::vector<std::string> VariedInputs(const Options &options);

/* An input with its result. */
struct Known {
  std::string input;
  CallResult result;
};

/* Returns the inputs that have the same result each time: in several instances, and in several calls of one of
 * them. Results of failed calls are not included. */
std::vector<Known> KnownResults(const Plugin &plugin, const std::vector<std::string> &inputs);

/* Returns the difference between a result and the known one: "it returned 0 with "b", expected 0 with "a" as
 * alone", where `as` is "as alone".
 * Empty if they are equal, or if the plugin refused the call because it was busy or out of memory. */
std::string DifferenceFrom(const Known &known, const CallResult &found, const std::string &as);

}  // namespace tenon::check

#endif
