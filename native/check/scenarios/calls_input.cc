/* Scenarios of group `calls` about inputs: their size, address and lifetime. */
#include "check/clock.h"
#include "check/nested.h"
#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

void EmptyInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  trial.Call("call with an empty input", LastingGuarded("").data(), 0);
  trial.Call("call with an empty input at NULL", nullptr, 0);
}

void OneByte(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  for (const char *byte : {"x", "\n", "0", "{", "\xff"}) trial.Call("call with an input of one byte", byte);
  trial.Call("call with an input of one byte", std::string(1, '\0'));
}

void UnalignedInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  for (size_t offset : {0, 1, 3, 5, 7}) {
    std::string stage = "call with an input " + std::to_string(offset) + " bytes off an aligned address";
    Outlet &outlet = *new Outlet({});
    CallResult result = trial.Call(stage, Lasting(trial.usual(), offset), trial.usual().size(), outlet);
    trial.ExpectUsual(stage, result);
  }
}

void InputBounds(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  std::vector<std::string> inputs = plugin.options().inputs;
  inputs.push_back(trial.usual());
  for (const std::string &input : inputs) {
    trial.Call("call with inaccessible memory after its input", LastingGuarded(input).data(), input.size());
    trial.Call("call with inaccessible memory before its input",
               LastingGuarded(input, Guarded::kAtStart).data(), input.size());
  }
}

void ReadOnlyInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Guarded &input = LastingGuarded(trial.usual(), Guarded::kAtStart);
  input.MakeReadOnly("It wrote to its input, which is read-only");
  trial.Call("call with an input in read-only memory", input.data(), input.size());
}

/* Time for threads of a plugin to use the input, in milliseconds. */
constexpr uint64_t kPatience = 30;

void RetainedInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Report &report = plugin.report();
  report.Stage("new");
  Instance instance(plugin, trial.host().get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (int i = 0; i < 3; i++) {
    report.Stage(i == 0 ? "call whose input is inaccessible after it returns"
                        : "call after one whose input is inaccessible");
    Guarded &input = LastingGuarded(trial.usual(), Guarded::kAtStart);
    Outlet &outlet = *new Outlet({});
    outlet.End(trial.method()(instance.state(), input.data(), input.size(), outlet.Begin()));
    input.Forbid("It touched the input of a call that had returned");
    if (!outlet.breach().empty())
      report.Finding("In a call whose input is inaccessible after it returns: " + outlet.breach());
    report.Stage("waiting after a call whose input is inaccessible");
    WaitForThreads(kPatience);
  }
  report.Stage("drop after the inputs of all calls are inaccessible");
  instance.Drop();
}

constexpr size_t kMiB = 1024 * 1024;
/* The time for a part of the input. A plugin that needs longer does not get the whole input: slowness is not a
 * fault. */
constexpr uint64_t kSlow = 1000;

void LargeInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  std::string large;
  for (size_t size : {1 * kMiB, 8 * kMiB, 64 * kMiB}) {
    const std::string &usual = trial.usual().empty() ? std::string("x") : trial.usual();
    large.reserve(size);
    while (large.size() < size) large.append(usual, 0, size - large.size());
    plugin.report().Stage("new");
    Instance instance(plugin, trial.host().get(), plugin.options().config);
    plugin.RequireInstance(instance);
    std::string stage = "call with an input of " + std::to_string(size / kMiB) + " MiB";
    plugin.report().Stage(stage);
    uint64_t began = NowMs();
    std::string breach = Breach(instance.Call(large));
    if (!breach.empty()) return plugin.report().Finding("In a " + stage + ": " + breach);
    if (NowMs() - began > kSlow) return;
    plugin.report().Stage("drop after a " + stage);
  }
}

/* Returns lengths at which loops over blocks often fail: all up to 300, and those around powers of two. */
std::vector<size_t> TellingLengths(size_t most) {
  std::vector<size_t> lengths;
  for (size_t length = 1; length <= 300; length++) lengths.push_back(length);
  for (size_t power = 512; power < most; power *= 2) {
    for (size_t length : {power - 1, power, power + 1}) lengths.push_back(length);
  }
  return lengths;
}

void Lengths(Plugin &plugin) {
  constexpr size_t kMost = 65537;
  constexpr uint64_t kEnough = 500;
  Trial &trial = *new Trial(plugin);
  std::string text;
  while (text.size() < kMost) text += trial.usual().empty() ? "x" : trial.usual();
  text.resize(kMost);
  Guarded &input = LastingGuarded(text);
  Budget budget(kEnough);
  for (size_t length : TellingLengths(kMost)) {
    if (budget.spent()) return;
    Outlet outlet({});
    trial.Call("call with an input of " + std::to_string(length) + " bytes", input.data() + kMost - length,
               length, outlet);
  }
}

/* The depths of nested inputs. Each is tried only if the one before took a short time: slowness is not a fault. */
constexpr size_t kDepths[] = {1'000, 4'000, 16'000, 64'000, 256'000};
constexpr uint64_t kShort = 100;
/* The time for all nested inputs together, in milliseconds. */
constexpr uint64_t kEnoughNested = 5000;

void NestedInput(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnoughNested);
  std::vector<Nesting> nestings = NestingsOf(trial.usual());
  for (size_t depth : kDepths) {
    std::vector<Nesting> fast;
    for (const Nesting &one : nestings) {
      if (budget.spent()) return;
      const std::string input = one.Of(depth);
      const uint64_t began = NowMs();
      trial.Call("call with " + Quote(one.open.substr(0, 20)) + " nested " + std::to_string(depth) + " times",
                 LastingGuarded(input).data(), input.size());
      if (NowMs() - began <= kShort) fast.push_back(one);
    }
    nestings = fast;
  }
}

}  // namespace

const ScenarioEntry kCallInputScenarios[] = {
    {"calls/empty-input", EmptyInput},         {"calls/one-byte", OneByte},
    {"calls/unaligned-input", UnalignedInput}, {"calls/input-bounds", InputBounds},
    {"calls/read-only-input", ReadOnlyInput},  {"calls/retained-input", RetainedInput},
    {"calls/large-input", LargeInput},         {"calls/lengths", Lengths},
    {"calls/nested-input", NestedInput},       {nullptr, nullptr},
};

}  // namespace tenon::check
