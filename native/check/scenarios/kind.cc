/* Scenarios of group `kind`: methods and the document of their kind. src/check/checks/kind.ts evaluates what
 * these report. */
#include <map>

#include "check/clock.h"
#include "check/kinds.h"
#include "check/methods.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* The time for all calls together, in milliseconds. */
constexpr uint64_t kEnough = 10000;
/* The number of pieces that are read from a cursor. */
constexpr int kPieces = 4;

/* Reports how many slots the table of each kind has. */
void Tables(Plugin &plugin) {
  plugin.Load();
  const std::vector<Kind> kinds = RequireKinds(plugin);
  std::map<std::string, size_t> slots;
  for (const Method &method : MethodsOf(plugin)) slots[method.kind]++;
  for (const Kind &kind : kinds) plugin.report().Table(kind.id, slots[kind.id]);
}

/* Returns the status with which a method refuses a record of its kind, or TENON_OK if it accepts one. */
tenon_status Usual(Trial &trial, const Method &method) {
  tenon_status status = TENON_OK;
  for (const std::string &input : trial.plugin().options().InputsOf(method.kind, method.slot)) {
    status = trial.Call("call of " + method.name + " with a record of its kind", input).status;
    if (status == TENON_OK) break;
  }
  return status;
}

std::string Refusal(const CallResult &result) {
  if (result.ok()) return "accepted a message whose ";
  return "returned the status " + std::to_string(result.status) + " for a message whose ";
}

void HostileSpans(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  for (const Method &method : RequireMethods(plugin)) {
    const std::vector<HostileInput> hostile = plugin.options().HostileInputsOf(method.kind, method.slot);
    if (hostile.empty()) continue;
    trial.UseMethod(method.call);
    /* A method that is not supported refuses its input without reading it. */
    const tenon_status usual = Usual(trial, method);
    for (const HostileInput &one : hostile) {
      if (budget.spent()) return;
      const std::string &bytes = one.input.bytes;
      Guarded &input = LastingGuarded(bytes);
      const CallResult result = trial.Call("call of " + method.name + " with a message whose " + one.fault,
                                           input.data(), bytes.size());
      if (result.status == TENON_INVALID || (!result.ok() && result.status == usual)) continue;
      plugin.report().Finding(
          "The " + method.name + " " + Refusal(result) + one.fault + ", expected TENON_INVALID", bytes,
          "input");
    }
  }
}

/* Opens a cursor, reads some pieces and closes it. `open` is its first slot, and the next two follow. */
void ReadCursor(Trial &trial, const Method *open, const std::string &input) {
  Plugin &plugin = trial.plugin();
  const auto call = [&](Instance &instance, const Method &method, const std::string &bytes) {
    plugin.report().Stage("call of " + method.name + ", which belongs to a cursor");
    CallResult result = instance.Call(method.call, bytes.data(), bytes.size());
    if (result.ok()) plugin.report().Result(MethodId(method.kind, method.slot), result.bytes);
    return result;
  };
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  const CallResult opened = call(instance, open[0], input);
  if (!opened.ok() || opened.bytes.size() != sizeof(uint64_t)) return;
  for (int i = 0; i < kPieces; i++) {
    const std::string most("\2\0\0\0\0\0\0\0", 8);
    if (!call(instance, open[1], opened.bytes + most).ok()) break;
  }
  call(instance, open[2], opened.bytes);
}

void Results(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  const std::vector<Method> methods = RequireMethods(plugin);
  for (size_t i = 0; i < methods.size(); i++) {
    const Method &method = methods[i];
    trial.UseMethod(method.call);
    const bool whole = i + 2 < methods.size() && methods[i + 2].kind == method.kind;
    const bool cursor = whole && plugin.options().OpensCursor(method.kind, method.slot);
    for (const std::string &input : plugin.options().InputsOf(method.kind, method.slot)) {
      if (budget.spent()) return;
      if (cursor) {
        ReadCursor(trial, &method, input);
        continue;
      }
      const CallResult result = trial.Call("call of " + method.name + " with a record of its kind", input);
      if (result.ok()) plugin.report().Result(MethodId(method.kind, method.slot), result.bytes);
    }
  }
}

}  // namespace

const ScenarioEntry kKindScenarios[] = {
    {"kind/facts", Tables},    {"kind/since", Tables}, {"kind/hostile-spans", HostileSpans},
    {"kind/results", Results}, {nullptr, nullptr},
};

}  // namespace tenon::check
