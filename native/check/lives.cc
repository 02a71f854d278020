#include "check/lives.h"

#include <string.h>

#include <algorithm>

#include "check/difference.h"
#include "check/trial.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

constexpr char kState[] = "state/1";
/* The fixed part of the record: the format, and where the data is. */
constexpr size_t kFixed = 12;
/* The records that are used of each method. */
constexpr size_t kRecords = 3;
/* The bytes that are shown of an input. */
constexpr size_t kShown = 40;

std::string Refusal(const CallResult &result) {
  return "returned the status " + std::to_string(result.status) + " with " +
         Quote(result.bytes.substr(0, 200));
}

bool IsSame(const CallResult &one, const CallResult &other) {
  return one.outcome == other.outcome && one.bytes == other.bytes;
}

/* Whether the results of two instances can be compared. A plugin may be busy at any time. */
bool IsComparable(const CallResult &found, const CallResult &expected, const CallResult &other) {
  if (!IsSame(expected, other)) return false;
  for (const CallResult *one : {&found, &expected})
    if (one->status == TENON_BUSY || one->status == TENON_NO_MEMORY) return false;
  return true;
}

}  // namespace

StateMethods RequireState(Plugin &plugin) {
  plugin.Load();
  StateMethods methods = {nullptr, nullptr};
  for (const Method &method : MethodsOf(plugin)) {
    if (method.kind != kState) continue;
    if (method.slot == 0) methods.save = method.call;
    if (method.slot == 1) methods.restore = method.call;
  }
  if (methods.save == nullptr || methods.restore == nullptr)
    plugin.report().Skip("the plugin does not have the kind state/1");
  return methods;
}

std::vector<LifeCall> CallsOfLife(Plugin &plugin) {
  std::vector<LifeCall> calls;
  for (const std::string &input : VariedInputs(plugin.options()))
    calls.push_back({plugin.vtable().something, "call with " + Quote(input.substr(0, kShown)), input});
  const std::vector<Method> methods = MethodsOf(plugin);
  for (size_t i = 0; i < methods.size(); i++) {
    const Method &method = methods[i];
    if (method.kind == kState) continue;
    if (plugin.options().OpensCursor(method.kind, method.slot)) {
      i += 2; /* those that read and close it */
      continue;
    }
    std::vector<std::string> inputs = plugin.options().InputsOf(method.kind, method.slot);
    inputs.resize(std::min(inputs.size(), kRecords));
    for (const std::string &input : inputs)
      calls.push_back({method.call, "call of " + method.name + " with a record of its kind", input});
  }
  return calls;
}

std::vector<CallResult> MakeCalls(Plugin &plugin, Instance &instance, const std::vector<LifeCall> &calls,
                                  const std::string &when) {
  std::vector<CallResult> results;
  for (const LifeCall &call : calls) {
    plugin.report().Stage(call.name + " " + when);
    results.push_back(instance.Call(call.method, Lasting(call.input), call.input.size()));
  }
  return results;
}

bool ReadState(const std::string &record, SavedState *state) {
  uint32_t fixed[kFixed / sizeof(uint32_t)];
  if (record.size() < sizeof fixed) return false;
  memcpy(fixed, record.data(), sizeof fixed);
  const auto [format, begin, length] = fixed;
  if (uint64_t{begin} + length > record.size()) return false;
  *state = {format, record.substr(begin, length)};
  return true;
}

std::string RecordOf(const SavedState &state) {
  const auto length = static_cast<uint32_t>(state.data.size());
  const uint32_t fixed[] = {state.format, length == 0 ? 0 : uint32_t{kFixed}, length};
  std::string record(reinterpret_cast<const char *>(fixed), sizeof fixed);
  return record + state.data;
}

bool Save(Plugin &plugin, Instance &instance, const StateMethods &methods, const std::string &when,
          std::string *record) {
  Report &report = plugin.report();
  report.Stage("save " + when);
  const CallResult result = instance.Call(methods.save, nullptr, 0);
  if (result.status == TENON_UNSUPPORTED) report.Skip("save is not supported: " + Quote(result.bytes));
  SavedState state;
  if (result.ok() && ReadState(result.bytes, &state)) {
    *record = result.bytes;
    return true;
  }
  const std::string breach = Breach(result);
  if (!breach.empty())
    report.Finding("In save " + when + ": " + breach);
  else if (!result.ok())
    report.Finding("save " + when + " " + Refusal(result) + ", expected TENON_OK");
  else
    report.Finding("save " + when + " returned " + std::to_string(result.bytes.size()) +
                   " bytes, expected a record with a format and data inside the record");
  return false;
}

bool Restore(Plugin &plugin, Instance &instance, const StateMethods &methods, const std::string &record) {
  plugin.report().Stage("restore of the state that save returned");
  const CallResult result = instance.Call(methods.restore, LastingGuarded(record).data(), record.size());
  if (result.ok()) return true;
  const std::string breach = Breach(result);
  plugin.report().Finding(
      breach.empty() ? "restore of the state that save returned " + Refusal(result) + ", expected TENON_OK"
                     : "In restore of the state that save returned: " + breach,
      record, "input");
  return false;
}

bool Live(Plugin &plugin, const StateMethods &methods, const std::vector<LifeCall> &calls, Life *life) {
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  MakeCalls(plugin, instance, calls, "before save");
  if (!Save(plugin, instance, methods, "after some calls", &life->saved)) return false;
  life->answers = MakeCalls(plugin, instance, calls, "after save");
  return true;
}

LifeDifference CompareLives(const std::vector<CallResult> &found, const std::vector<CallResult> &expected,
                            const std::vector<CallResult> &other) {
  for (size_t i = 0; i < found.size(); i++)
    if (IsComparable(found[i], expected[i], other[i]) && !IsSame(found[i], expected[i]))
      return {true, i, found[i], expected[i]};
  return {};
}

void ReportDifference(Plugin &plugin, const std::vector<LifeCall> &calls, const LifeDifference &difference,
                      const std::string &when, const std::string &as) {
  if (!difference.found) return;
  const LifeCall &call = calls[difference.call];
  plugin.report().Finding(
      "A " + call.name + " " + when + " " + DifferenceOf(difference.result, difference.expected, as),
      call.input, "input");
}

}  // namespace tenon::check
