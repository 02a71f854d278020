/* The scenario about the heap blocks of a plugin. It needs no sanitizer: each block has pages of its own. */
#include <algorithm>

#include "check/clock.h"
#include "check/guarded_heap.h"
#include "check/methods.h"
#include "check/rehearsal.h"
#include "check/sanitizer.h"
#include "check/scenarios.h"
#include "check/trial.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

/* The time for all calls with blocks at one place, in milliseconds. */
constexpr uint64_t kEnough = 2500;
/* Lengths of inputs whose copies, with and without a NUL, end where a page does. */
constexpr size_t kLengths[] = {15, 16, 31, 32, 47, 48, 63, 64, 127, 128, 255, 256, 1023, 1024, 4095, 4096};

std::vector<std::string> Inputs(const Options &options) {
  std::vector<std::string> inputs = VariedInputs(options);
  std::string text = options.input().empty() ? "x" : options.input();
  while (text.size() < kLengths[std::size(kLengths) - 1]) text += text;
  for (size_t length : kLengths) inputs.push_back(text.substr(0, length));
  for (const std::string &input : InputsToTry(options)) inputs.push_back(input);
  return inputs;
}

/* Calls one instance, and drops it. A host calls no instance after a panic. */
void Live(Trial &trial, const std::vector<std::string> &inputs, const std::string &what,
          const Budget &budget) {
  Plugin &plugin = trial.plugin();
  Report &report = trial.report();
  report.Stage("new with guarded heap blocks");
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  GuardNewLibraries();
  for (const std::string &input : inputs) {
    if (budget.spent()) break;
    report.Stage(what + " with guarded heap blocks: " + Quote(input.substr(0, 40)));
    const CallResult result = instance.Call(trial.method(), LastingGuarded(input).data(), input.size());
    GuardNewLibraries();
    if (!result.kept_contract() || result.outcome == TENON_PANIC) break;
  }
  report.Stage("drop with guarded heap blocks");
}

void FailToLive(Trial &trial, const Budget &budget) {
  const Options &options = trial.plugin().options();
  for (const std::string &config : ConfigsToTry(options)) {
    if (budget.spent()) return;
    trial.report().Stage("new with guarded heap blocks and an odd config: " + Quote(config.substr(0, 40)));
    Instance instance(trial.plugin(), trial.host().get(), config);
    if (instance.ok()) instance.Call(options.input());
  }
}

void UseAll(Trial &trial, const std::vector<std::string> &inputs) {
  Budget budget(kEnough);
  Plugin &plugin = trial.plugin();
  trial.UseMethod(plugin.vtable().something);
  Live(trial, {trial.usual(), trial.usual()}, "call", budget);
  for (const Method &method : MethodsOf(plugin)) {
    trial.UseMethod(method.call);
    Live(trial, plugin.options().InputsOf(method.kind, method.slot), "call of " + method.name, budget);
  }
  trial.UseMethod(plugin.vtable().something);
  for (const std::string &input : inputs) Live(trial, {input, trial.usual()}, "call", budget);
  Live(trial, inputs, "call", budget);
  FailToLive(trial, budget);
}

void Heap(Plugin &plugin) {
#if !defined(__GLIBC__)
  plugin.report().Skip("this C library has no heap that can be guarded");
#endif
  if (HasSanitizer() || IsUnderValgrind()) plugin.report().Skip("a sanitizer checks the heap");
  Trial &trial = *new Trial(plugin);
  const std::vector<std::string> inputs = Inputs(plugin.options());
  if (!GuardHeap(plugin.code()))
    plugin.report().Incomplete("the system provides no address space for a heap");
  for (BlockPlace place : {BlockPlace::kAtEnd, BlockPlace::kAtStart}) {
    PlaceBlocks(place);
    UseAll(trial, inputs);
    const std::string damaged = DamagedBlock();
    if (!damaged.empty()) return plugin.report().Finding(damaged);
  }
  if (GuardedBlocks() == 0) plugin.report().Skip("it allocates no memory with the C library");
  plugin.report().Values("guarded heap blocks", "count", {static_cast<double>(GuardedBlocks())});
}

}  // namespace

const ScenarioEntry kCallHeapScenarios[] = {
    {"calls/heap", Heap},
    {nullptr, nullptr},
};

}  // namespace tenon::check
