/* Scenarios of group `calls`: calls in general. Those about inputs are in calls_input.cc, those about outputs
 * in calls_output.cc, and those about methods in calls_methods.cc. */
#include "check/clock.h"
#include "check/difference.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

void Plain(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  Host host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (const char *stage : {"call with the usual input", "second call with the usual input"}) {
    report.Stage(stage);
    CallResult result = instance.Call(plugin.options().input());
    if (!result.kept_contract()) return report.Finding(Breach(result));
    if (result.status == TENON_PANIC) break; /* a host no longer calls such an instance */
  }
  report.Stage("drop");
}

/* The time for many calls together, in milliseconds. */
constexpr uint64_t kEnough = 10000;

/* Returns true for a status of a failure that the plugin should explain with a message. */
bool OwesMessage(tenon_status status) {
  return status == TENON_FAILED || status == TENON_INVALID || status == TENON_UNSUPPORTED ||
         status == TENON_PANIC;
}

void Odd(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  for (const OddInput &odd : OddInputs(trial.usual())) {
    if (budget.spent()) return;
    Outlet &outlet = *new Outlet({});
    std::string stage = std::string("call with an odd input: ") + odd.name;
    CallResult result = trial.Answer(stage, Lasting(odd.bytes), odd.bytes.size(), outlet);
    if (result.kept_contract() || result.outcome == kNotText) continue; /* calls/message-text reports that */
    plugin.report().Finding("In a " + stage + ": " + outlet.breach(), odd.bytes, "input");
  }
}

void MessageText(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  const std::string inputs[] = {"\xff\xfe", "\xc3\x28\xa0\xa1 not UTF-8", trial.usual() + "\xff",
                                "\xed\xa0\x80" + trial.usual()};
  for (const std::string &input : inputs) {
    CallResult result = trial.Answer("call with an input that is not UTF-8", input);
    if (result.outcome == kNotText)
      return plugin.report().Finding("For an input that is not UTF-8, " + Breach(result), input, "input");
  }
}

void MessageEmpty(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  std::vector<OddInput> inputs = OddInputs(trial.usual());
  inputs.push_back({"the usual input", trial.usual()});
  Budget budget(kEnough);
  for (const OddInput &odd : inputs) {
    if (budget.spent()) return;
    CallResult result = trial.Answer(std::string("call with ") + odd.name, odd.bytes);
    if (!OwesMessage(result.outcome) || !result.bytes.empty()) continue;
    return plugin.report().Finding("For " + std::string(odd.name) + " it failed with status " +
                                       std::to_string(result.status) + " and an empty message",
                                   odd.bytes, "input");
  }
}

void Deterministic(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  if (!plugin.has_flag(TENON_DETERMINISTIC)) plugin.report().Skip("it does not declare TENON_DETERMINISTIC");
  std::vector<std::string> inputs = plugin.options().inputs;
  inputs.push_back(trial.usual());
  inputs.push_back("x");
  Budget budget(kEnough);
  for (const std::string &input : inputs) {
    if (budget.spent()) return;
    CallResult first;
    for (size_t i = 0; i < 4; i++) {
      /* Each call gets other addresses, and memory with another content. */
      Outlet &outlet = *new Outlet({4096 + 100 * i, Guarded::kAtEnd, true, static_cast<uint8_t>(0x11 * i)});
      CallResult result =
          trial.Call("call of a fresh instance", Lasting(input, 16 * i), input.size(), outlet);
      if (i == 0) first = result;
      if (result.status == first.status && result.bytes == first.bytes) continue;
      return plugin.report().Finding(
          "Two fresh instances with one config and one input had different results, though it declares "
          "TENON_DETERMINISTIC: one " +
              DifferenceOf(result, first, "as the other"),
          input, "input");
    }
  }
}

/* Returns true if the call failed and the instance may be called again. A host does not call it after a
 * panic. */
bool Recoverable(const CallResult &result) {
  return result.outcome > TENON_OK && result.outcome <= TENON_CLOSED && result.outcome != TENON_PANIC;
}

void CallAfterFailure(Trial &trial, const std::string &why, const std::string &input,
                      const OutletPlan &plan) {
  Plugin &plugin = trial.plugin();
  Report &report = plugin.report();
  report.Stage("call that should fail: " + why);
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  Outlet &first = *new Outlet(plan);
  tenon_status status = trial.method()(instance.state(), Lasting(input), input.size(), first.Begin());
  if (!Recoverable(first.End(status))) return;
  report.Stage("call after one that failed: " + why);
  Outlet &next = *new Outlet({});
  next.End(trial.method()(instance.state(), Lasting(trial.usual()), trial.usual().size(), next.Begin()));
  if (!next.breach().empty())
    report.Finding("In a call after one that failed (" + why + "): " + next.breach());
  report.Stage("drop after a call that failed: " + why);
}

void AfterFailure(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  CallAfterFailure(trial, "no room for its output", trial.usual(), {0, Guarded::kAtEnd, false, 0xc7});
  Budget budget(kEnough);
  for (const OddInput &odd : OddInputs(trial.usual())) {
    if (budget.spent()) return;
    CallAfterFailure(trial, odd.name, odd.bytes, {});
  }
}

}  // namespace

const ScenarioEntry kCallScenarios[] = {
    {"calls/plain", Plain},
    {"calls/odd-input", Odd},
    {"calls/message-text", MessageText},
    {"calls/message-empty", MessageEmpty},
    {"calls/deterministic", Deterministic},
    {"calls/after-failure", AfterFailure},
    {nullptr, nullptr},
};

}  // namespace tenon::check
