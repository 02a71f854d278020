/* Scenarios of group `calls` about outputs: their capacity, `reserve`, and their lifetime. */
#include <algorithm>

#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

OutletPlan Room(size_t capacity, bool reserves = true) {
  OutletPlan plan;
  plan.capacity = capacity;
  plan.reserves = reserves;
  return plan;
}

/* Makes a call with the usual input. */
CallResult CallInto(Trial &trial, const std::string &stage, Outlet &outlet) {
  return trial.Call(stage, Lasting(trial.usual()), trial.usual().size(), outlet);
}

void CallWithCapacity(Trial &trial, size_t capacity) {
  std::string stage = "call with a capacity of " + std::to_string(capacity);
  trial.ExpectUsual(stage, CallInto(trial, stage, *new Outlet(Room(capacity))));
}

void OutputBounds(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  OutletPlan plan = Room(1024);
  CallInto(trial, "call with inaccessible memory after its output", *new Outlet(plan));
  plan.place = Guarded::kAtStart;
  CallInto(trial, "call with inaccessible memory before its output", *new Outlet(plan));
}

void ReserveMoves(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  size_t size = trial.usual_answer().bytes.size();
  std::string stage = "call whose output is moved by reserve";
  trial.ExpectUsual(stage, CallInto(trial, stage, *new Outlet(Room(std::max<size_t>(1, size / 2)))));
}

void CapacityZero(Plugin &plugin) {
  CallWithCapacity(*new Trial(plugin), 0);
}

void CapacityOne(Plugin &plugin) {
  CallWithCapacity(*new Trial(plugin), 1);
}

void CapacityExact(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  size_t size = trial.usual_answer().bytes.size();
  if (size > 1) CallWithCapacity(trial, size - 1);
  CallWithCapacity(trial, size);
}

void ReserveFails(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  size_t size = trial.usual_answer().bytes.size();
  for (size_t capacity : {size_t{0}, size_t{1}, size / 2, size - std::min<size_t>(size, 1)}) {
    CallInto(trial, "call with a capacity of " + std::to_string(capacity) + " and a reserve that fails",
             *new Outlet(Room(capacity, false)));
  }
}

void TruncatedOutput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  if (!plugin.has_flag(TENON_DETERMINISTIC)) plugin.report().Skip("it does not declare TENON_DETERMINISTIC");
  const CallResult usual = trial.usual_answer();
  if (!usual.ok() || usual.bytes.empty()) plugin.report().Skip("the usual input has no result");
  Outlet &outlet = *new Outlet(Room(usual.bytes.size() / 2, false));
  CallResult result = CallInto(trial, "call with half of the capacity that it needs", outlet);
  if (!result.ok() || outlet.reserves() == 0 || result.bytes.size() >= usual.bytes.size()) return;
  plugin.report().Finding("It returned TENON_OK with " + std::to_string(result.bytes.size()) + " of " +
                          std::to_string(usual.bytes.size()) +
                          " bytes of its result after reserve had failed, expected TENON_NO_MEMORY");
}

void ReserveSize(Plugin &plugin) {
  constexpr size_t kAlwaysFine = 16 * 1024 * 1024;
  constexpr size_t kTimes = 1000;
  Trial &trial = *new Trial(plugin);
  for (size_t capacity : {0, 1024}) {
    Outlet &outlet = *new Outlet(Room(capacity));
    CallResult result = CallInto(trial, "call whose reserved size is measured", outlet);
    size_t used = result.bytes.size() + trial.usual().size();
    if (outlet.largest_reserve() <= std::max(kAlwaysFine, kTimes * used)) continue;
    return plugin.report().Finding("It reserved " + std::to_string(outlet.largest_reserve()) +
                                   " bytes for a result of " + std::to_string(result.bytes.size()));
  }
}

/* Calls with memory that is filled with several patterns. A byte that always equals the pattern was never
 * written. */
void UnwrittenOutput(Plugin &plugin) {
  constexpr uint8_t kFills[] = {0x5a, 0xa5, 0x3c, 0xc3};
  Trial &trial = *new Trial(plugin);
  std::vector<std::string> results;
  size_t size = SIZE_MAX;
  for (uint8_t fill : kFills) {
    OutletPlan plan = Room(1024);
    plan.fill = fill;
    results.push_back(
        CallInto(trial, "call with an output that is filled with a pattern", *new Outlet(plan)).bytes);
    size = std::min(size, results.back().size());
  }
  size_t unwritten = 0, first = 0;
  for (size_t i = size; i-- > 0;) {
    bool as_filled = true;
    for (size_t k = 0; k < results.size(); k++)
      as_filled = as_filled && static_cast<uint8_t>(results[k][i]) == kFills[k];
    if (as_filled) unwritten++, first = i;
  }
  if (unwritten == 0) return;
  plugin.report().Finding("Its output has " + std::to_string(size) + " bytes, of which it did not write " +
                          std::to_string(unwritten) + ", the first at " + std::to_string(first));
}

/* Time for threads of a plugin to use the output, in milliseconds. */
constexpr uint64_t kPatience = 30;

void RetainedOutput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Report &report = plugin.report();
  report.Stage("new");
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (int i = 0; i < 3; i++) {
    report.Stage(i == 0 ? "call whose output is inaccessible after it returns"
                        : "call after one whose output is inaccessible");
    Outlet &outlet = *new Outlet(Room(1024));
    outlet.End(
        trial.method()(instance.state(), Lasting(trial.usual()), trial.usual().size(), outlet.Begin()));
    outlet.Forbid("It touched the output of a call that had returned");
    if (!outlet.breach().empty())
      report.Finding("In a call whose output is inaccessible after it returns: " + outlet.breach());
    report.Stage("waiting after a call whose output is inaccessible");
    WaitForThreads(kPatience);
  }
  report.Stage("drop after the outputs of all calls are inaccessible");
  instance.Drop();
}

}  // namespace

const ScenarioEntry kCallOutputScenarios[] = {
    {"calls/output-bounds", OutputBounds},
    {"calls/reserve-moves", ReserveMoves},
    {"calls/capacity-zero", CapacityZero},
    {"calls/capacity-one", CapacityOne},
    {"calls/capacity-exact", CapacityExact},
    {"calls/reserve-fails", ReserveFails},
    {"calls/truncated-output", TruncatedOutput},
    {"calls/reserve-size", ReserveSize},
    {"calls/unwritten-output", UnwrittenOutput},
    {"calls/retained-output", RetainedOutput},
    {nullptr, nullptr},
};

}  // namespace tenon::check
