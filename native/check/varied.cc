#include "check/varied.h"

#include <ctype.h>

#include <algorithm>

#include "check/clock.h"
#include "check/difference.h"

namespace tenon::check {
namespace {

constexpr int kInstances = 3, kCallsOfOne = 2;
/* The time to learn the results, in milliseconds. A slow plugin has fewer known results. */
constexpr uint64_t kEnough = 300;
/* The inputs of the options that are used. */
constexpr size_t kMostGiven = 8;

std::string WithOtherLetters(std::string text) {
  for (char &byte : text) {
    const char base = islower(static_cast<unsigned char>(byte)) ? 'a' : 'A';
    if (isalpha(static_cast<unsigned char>(byte))) byte = static_cast<char>(base + (byte - base + 13) % 26);
  }
  return text;
}

bool Same(const CallResult &one, const CallResult &other) {
  return one.outcome == other.outcome && one.bytes == other.bytes;
}

bool AlwaysReturns(const Plugin &plugin, const std::string &input, const CallResult &expected) {
  for (int i = 0; i < kInstances; i++) {
    Host &host = *new Host;
    Instance instance(plugin, host.get(), plugin.options().config);
    for (int k = 0; k < kCallsOfOne; k++)
      if (!instance.ok() || !Same(instance.Call(input), expected)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> VariedInputs(const Options &options) {
  std::vector<std::string> inputs(
      options.inputs.begin(),
      options.inputs.begin() + static_cast<ptrdiff_t>(std::min(kMostGiven, options.inputs.size())));
  const std::string &usual = options.input();
  if (inputs.empty()) inputs.push_back(usual);
  for (const std::string &made : {
           WithOtherLetters(usual.substr(0, usual.size() / 2 | 1)),
           std::string("3.25 1.5,2.75;10.125\n"),
           std::string("12.5"),
           std::string("2023-11-14T22:13:20"),
           std::string("1700000000"),
           std::string("{\"a\":1.5,\"b\":[2.25,\"c\"]}"),
           WithOtherLetters(usual),
           std::string(255, 'y') + "\n",
           std::string("x"),
       })
    inputs.push_back(made);
  return inputs;
}

std::vector<Known> KnownResults(const Plugin &plugin, const std::vector<std::string> &inputs) {
  std::vector<Known> known;
  Budget budget(kEnough);
  for (const std::string &input : inputs) {
    if (budget.spent() && !known.empty()) break;
    Host &host = *new Host;
    Instance instance(plugin, host.get(), plugin.options().config);
    if (!instance.ok()) break;
    const CallResult result = instance.Call(input);
    if (result.ok() && AlwaysReturns(plugin, input, result)) known.push_back({input, result});
  }
  return known;
}

std::string DifferenceFrom(const Known &known, const CallResult &found, const std::string &as) {
  const bool comparable =
      found.ok() || found.status == TENON_INVALID || found.status == TENON_PANIC || !found.kept_contract();
  if (!comparable || Same(known.result, found)) return "";
  return "it " + DifferenceOf(found, known.result, as);
}

}  // namespace tenon::check
