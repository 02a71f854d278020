/* Tries inputs in child processes, to learn which of them a plugin accepts. An input that crashes the plugin ends
 * only the child. */
#ifndef TENON_CHECK_REHEARSAL_H
#define TENON_CHECK_REHEARSAL_H

#include <functional>
#include <string>
#include <vector>

#include "check/plugin.h"

namespace tenon::check {

enum class Fate { kUnknown, kAccepted, kRefused };

/* Tries one input in a child process that has loaded the plugin. */
using Attempt = std::function<CallResult(const std::string &input)>;
/* Loads the plugin and prepares attempts. */
using Prepare = std::function<Attempt()>;

/* Returns the inputs that have the fate, in their order, and at most `kAlike` of those with the same status and
 * message. Call it before the plugin is loaded. An input that crashed the plugin, panicked, broke the contract or
 * took long has no known fate. */
std::vector<std::string> InputsWith(Fate fate, Plugin &plugin, const std::vector<std::string> &inputs,
                                    const Prepare &prepare);

/* Odd, short and generated inputs: the same in every run with the same plugin, inputs and configs. */
std::vector<std::string> InputsToTry(const Options &options);
std::vector<std::string> ConfigsToTry(const Options &options);

}  // namespace tenon::check

#endif
