/* Scenarios of group `calls` about the methods of kinds. */
#include "check/clock.h"
#include "check/methods.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* The time for all calls together, in milliseconds. */
constexpr uint64_t kEnough = 10000;

void Methods(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  for (const Method &method : RequireMethods(plugin)) {
    if (budget.spent()) return;
    trial.UseMethod(method.call);
    for (const std::string &input : plugin.options().InputsOf(method.kind, method.slot))
      trial.Call("call of " + method.name + " with a record of its kind", input);
    trial.Call("call of " + method.name + " with an empty input", "");
    trial.Call("call of " + method.name + " with the usual input", trial.usual());
    trial.Call("call of " + method.name + " with 8 NUL bytes", std::string(8, '\0'));
    trial.Call("call of " + method.name + " with 64 bytes of 0xff", std::string(64, '\xff'));
  }
}

void RecordLength(Plugin &plugin) {
  constexpr size_t kMost = 64;
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  for (const Method &method : RequireMethods(plugin)) {
    trial.UseMethod(method.call);
    Guarded &input = LastingGuarded(std::string(kMost, '\0'));
    for (size_t length = 0; length <= kMost; length++) {
      if (budget.spent()) return;
      Outlet outlet({});
      trial.Call("call of " + method.name + " with an input of " + std::to_string(length) + " bytes",
                 input.data() + kMost - length, length, outlet);
    }
  }
}

}  // namespace

const ScenarioEntry kCallMethodScenarios[] = {
    {"calls/methods", Methods},
    {"calls/record-length", RecordLength},
    {nullptr, nullptr},
};

}  // namespace tenon::check
