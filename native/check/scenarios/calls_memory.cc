/* The scenario about memory that a plugin has not initialised. It needs no sanitizer: it compares the results of
 * calls over old memory with different contents. */
#include <algorithm>

#include "check/clock.h"
#include "check/methods.h"
#include "check/old_memory.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* The time for all calls together, in milliseconds. */
constexpr uint64_t kEnough = 3000;

/* The contents of old memory. The heap has the complement of the stack, so that a finding can tell them apart.
 * Six contents make it practically impossible that a byte equals all of them by chance. */
constexpr uint8_t kFills[] = {0x5a, 0xa5, 0x3c, 0xc3, 0x69, 0x96};
/* A and B, in an order that no counter of calls follows. */
constexpr uint8_t kA = 0x00, kB = 0xa7;
constexpr uint8_t kOrder[] = {kA, kB, kB, kA, kB, kA, kA, kB, kB, kA};

uint8_t OfHeap(uint8_t stack) {
  return static_cast<uint8_t>(~stack);
}

/* The call of a fresh instance over old memory. */
CallResult CallOver(Trial &trial, const std::string &input, uint8_t stack, uint8_t heap) {
  Plugin &plugin = trial.plugin();
  Report &report = plugin.report();
  Outlet &outlet = *new Outlet({4096, Guarded::kAtEnd, true, 0x11});
  const uint8_t *in = Lasting(input);
  report.Stage("new over filled memory");
  FillOldHeap(heap);
  FillOldStack(stack);
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  report.Stage("call over filled memory");
  FillOldHeap(heap);
  tenon_out *out = outlet.Begin();
  FillOldStack(stack);
  tenon_status status = trial.method()(instance.state(), in, input.size(), out);
  CallResult result = outlet.End(status);
  report.Stage("drop after a call over filled memory");
  return result;
}

using Results = std::vector<CallResult>;

/* Returns the places in all results that had the content of the old memory each time. */
std::vector<size_t> PlacesWith(const Results &results, bool of_heap) {
  size_t size = SIZE_MAX;
  for (const CallResult &result : results) size = std::min(size, result.bytes.size());
  std::vector<size_t> places;
  for (size_t at = 0; at < size; at++) {
    bool old = true;
    for (size_t k = 0; k < results.size() && old; k++) {
      uint8_t fill = of_heap ? OfHeap(kFills[k]) : kFills[k];
      old = static_cast<uint8_t>(results[k].bytes[at]) == fill;
    }
    if (old) places.push_back(at);
  }
  return places;
}

/* Returns true if it has reported that a result contains old memory. */
bool ReportCopied(Trial &trial, const std::string &what, const std::string &input) {
  Results results;
  for (uint8_t fill : kFills) results.push_back(CallOver(trial, input, fill, OfHeap(fill)));
  for (bool of_heap : {false, true}) {
    std::vector<size_t> places = PlacesWith(results, of_heap);
    if (places.empty()) continue;
    trial.report().Finding("The result of " + what + " has " + std::to_string(places.size()) +
                               (places.size() == 1 ? " byte" : " bytes") + " of old memory of the " +
                               (of_heap ? "heap" : "stack") + ", the first at " + std::to_string(places[0]) +
                               ": it never wrote them",
                           input, "input");
    return true;
  }
  return false;
}

bool Same(const CallResult &a, const CallResult &b) {
  return a.outcome == b.outcome && a.bytes == b.bytes;
}

/* Reports a result that is always the same over the same old memory, and always another over other memory. */
void ReportDependent(Trial &trial, const std::string &what, const std::string &input) {
  Results of_a, of_b;
  for (uint8_t fill : kOrder) {
    Results &results = fill == kA ? of_a : of_b;
    results.push_back(CallOver(trial, input, fill, fill));
    if (!results.back().kept_contract() || !Same(results.front(), results.back())) return;
    if (!of_a.empty() && !of_b.empty() && Same(of_a[0], of_b[0])) return;
  }
  auto shown = [](const CallResult &result) {
    return std::to_string(result.status) + " with " + Quote(result.bytes);
  };
  trial.report().Finding("The result of " + what + " depends on memory that it has not initialised: it is " +
                             shown(of_a[0]) + " if old memory of the stack and the heap is all 0x00, and " +
                             shown(of_b[0]) + " if it is all 0xa7",
                         input, "input");
}

void Judge(Trial &trial, const std::string &what, const std::vector<std::string> &inputs, Budget *budget) {
  for (const std::string &input : inputs) {
    if (budget->spent() || trial.report().findings() != 0) return;
    if (!ReportCopied(trial, what, input)) ReportDependent(trial, what, input);
  }
}

void UninitialisedMemory(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  std::vector<std::string> inputs = plugin.options().inputs;
  inputs.push_back(trial.usual());
  inputs.push_back("x");
  Judge(trial, "a call", inputs, &budget);
  for (const Method &method : MethodsOf(plugin)) {
    trial.UseMethod(method.call);
    Judge(trial, method.name, {trial.usual(), std::string(64, '\0'), std::string(8, '\0')}, &budget);
  }
}

}  // namespace

const ScenarioEntry kCallMemoryScenarios[] = {
    {"calls/uninitialised-memory", UninitialisedMemory},
    {nullptr, nullptr},
};

}  // namespace tenon::check
