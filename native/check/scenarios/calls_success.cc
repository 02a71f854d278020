/* Scenarios of group `calls` that find out whether calls succeed. Without a call that succeeds, most checks see
 * only how the plugin refuses its input. */
#include "check/clock.h"
#include "check/flow_inputs.h"
#include "check/kinds.h"
#include "check/methods.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* A plugin that is busy may accept a later call. */
constexpr int kTries = 3;
/* The time for all calls of methods together, in milliseconds. */
constexpr uint64_t kEnough = 10000;
constexpr size_t kLongestRecord = 64;

std::string Outcome(const CallResult &result) {
  return "status " + std::to_string(result.status) + " (" + Quote(result.bytes.substr(0, 200)) + ")";
}

void Succeeds(Plugin &plugin) {
  plugin.Load();
  CallResult result;
  for (int i = 0; i < kTries; i++) {
    Host &host = *new Host;
    plugin.report().Stage("new and a call with the usual input");
    Instance instance(plugin, host.get(), plugin.options().config);
    plugin.RequireInstance(instance);
    result = instance.Call(plugin.options().input());
    if (result.ok()) return;
    if (result.status != TENON_BUSY) break;
  }
  if (result.status == TENON_UNSUPPORTED && !StatedKinds(plugin).empty())
    plugin.report().Skip("the plugin supports only the methods of its kinds: " + Outcome(result));
  const std::string input = plugin.options().inputs.empty() ? "a line of English" : "the first input";
  plugin.report().Incomplete("no call succeeded: the one with " + input + " failed with " + Outcome(result) +
                             ". Give an input that the plugin accepts: --input FILE, or a file next to the "
                             "plugin (docs/check.md)");
}

/* Inputs that a method may accept: given ones, records of NUL bytes, and results of other methods. */
std::vector<std::string> Candidates(Plugin &plugin, const std::vector<std::string> &results) {
  std::vector<std::string> inputs = plugin.options().inputs;
  inputs.push_back(plugin.options().input());
  inputs.insert(inputs.end(), results.begin(), results.end());
  for (size_t size = 0; size <= kLongestRecord; size++) inputs.push_back(std::string(size, '\0'));
  return inputs;
}

/* A method with an input that it accepted, and the result. */
struct Accepted {
  Method method;
  std::string input, result;
};

/* Returns whether the method accepts one of the inputs, or supports none. Keeps its first result. */
bool AcceptsOne(Trial &trial, const Method &method, std::vector<Accepted> *accepted) {
  std::vector<std::string> results = {trial.usual_answer().bytes};
  for (const Accepted &one : *accepted) results.push_back(one.result);
  std::vector<std::string> inputs = Candidates(trial.plugin(), results);
  const std::vector<std::string> own = trial.plugin().options().InputsOf(method.kind, method.slot);
  inputs.insert(inputs.begin(), own.begin(), own.end());
  trial.UseMethod(method.call);
  for (const std::string &input : inputs) {
    const CallResult result = trial.Answer("call of " + method.name, input);
    if (result.ok()) accepted->push_back({method, input, result.bytes});
    if (result.ok() || result.status == TENON_UNSUPPORTED) return true;
  }
  return false;
}

/* Returns whether the method accepts what another one returned in the same instance, as the methods that read and
 * close a cursor do: the number that `open` returned, alone or followed by a maximum of items. */
bool AcceptsAfterAnother(Plugin &plugin, Host &host, const Method &method,
                         const std::vector<Accepted> &accepted) {
  for (const Accepted &one : accepted) {
    for (const std::string &rest : {std::string(), std::string("\x64\0\0\0\0\0\0\0", 8)}) {
      plugin.report().Stage("call of " + method.name + " after one of " + one.method.name);
      Instance instance(plugin, host.get(), plugin.options().config);
      plugin.RequireInstance(instance);
      const CallResult before = instance.Call(one.method.call, one.input.data(), one.input.size());
      const std::string input = before.bytes + rest;
      if (before.ok() && instance.Call(method.call, input.data(), input.size()).ok()) return true;
    }
  }
  return false;
}

/* Returns whether a method of a connector or stage accepts a valid input, after `connect` if its kind has that. */
bool AcceptsInFlow(Plugin &plugin, Host &host, const Method &method, const std::vector<Method> &all) {
  plugin.report().Stage("call of " + method.name + " as a flow makes it");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (const Method &first : all)
    if (ConnectsFirst(first.kind) && first.kind == method.kind && first.slot == 0 && method.slot != 0 &&
        !instance.Call(first.call, "", 0).ok())
      return false;
  const std::string input = FlowInput(method.kind, method.slot);
  return instance.Call(method.call, input.data(), input.size()).ok();
}

void MethodsSucceed(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  const std::vector<Method> all = RequireMethods(plugin);
  std::vector<Method> left = all;
  std::vector<Accepted> accepted;
  Budget budget(kEnough);
  /* The result of a later method may be what an earlier one accepts. */
  for (size_t before = left.size() + 1; left.size() < before && !left.empty() && !budget.spent();) {
    before = left.size();
    std::vector<Method> failed;
    for (const Method &method : left)
      if (!AcceptsOne(trial, method, &accepted) &&
          !AcceptsAfterAnother(plugin, trial.host(), method, accepted) &&
          !AcceptsInFlow(plugin, trial.host(), method, all))
        failed.push_back(method);
    left = failed;
  }
  if (left.empty()) return;
  std::string names;
  for (const Method &method : left) names += (names.empty() ? "" : ", ") + method.name;
  plugin.report().Incomplete(
      "no call of " + names +
      " succeeded. Give inputs that it accepts: --input FILE, or a description of its kind "
      "next to the plugin (docs/check.md)");
}

}  // namespace

const ScenarioEntry kCallSuccessScenarios[] = {
    {"calls/succeeds", Succeeds},
    {"calls/methods-succeed", MethodsSucceed},
    {nullptr, nullptr},
};

}  // namespace tenon::check
