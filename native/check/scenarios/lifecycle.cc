/* Scenarios of group `lifecycle`: instances, from `new` to `drop`. */
#include "check/clock.h"
#include "check/guarded.h"
#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/side_by_side.h"

namespace tenon::check {
namespace {

void New(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  std::string breach = Breach(instance.made());
  if (!breach.empty())
    report.Finding("new: " + breach);
  else
    plugin.RequireInstance(instance);
  report.Stage("drop");
  instance.Drop();
}

/* An inaccessible address that is never a valid state: using it raises a signal. */
void *Poison() {
  static Guarded &trap = *new Guarded(1);
  trap.Forbid();
  return trap.data();
}

void StateWritten(Plugin &plugin) {
  plugin.Load();
  const std::string &config = plugin.options().config;
  Host &host = *new Host;
  plugin.report().Stage("new");
  /* The instance is not dropped if `*state` was not written: drop could crash. */
  Instance &instance = *new Instance(plugin.vtable(), host.get(), config.data(), config.size(), Poison());
  plugin.RequireInstance(instance);
  if (instance.state() == Poison())
    return plugin.report().Finding(
        "new returned TENON_OK and left `*state` as it was, expected the instance or NULL");
  plugin.report().Stage("drop");
  instance.Drop();
}

void Cycles(Plugin &plugin) {
  constexpr int kCycles = 1000;
  constexpr int kWithCall = 10;       /* every tenth instance is called */
  constexpr size_t kThreadsLeft = 64; /* threads left behind at which it stops: another check reports them */
  plugin.Load();
  Report &report = plugin.report();
  Host &host = *new Host;
  size_t threads = CountThreads();
  Budget budget(300);
  for (int i = 1; i <= kCycles && !budget.spent(); i++) {
    if (i % kWithCall == 1) {
      report.Stage("new and drop, from number " + std::to_string(i) + " on");
      if (CountThreads() > threads + kThreadsLeft) return;
    }
    Instance instance(plugin, host.get(), plugin.options().config);
    if (!instance.ok()) {
      if (i == 1) plugin.RequireInstance(instance);
      report.Finding("new number " + std::to_string(i) + " returned " +
                     std::to_string(instance.made().status) + " with " + Quote(instance.made().bytes) +
                     ", expected 0 as before");
      return;
    }
    if (i % kWithCall == 0) instance.Call(plugin.options().input());
  }
}

void Interleaved(Plugin &plugin) {
  plugin.Load();
  if (plugin.has_flag(TENON_SINGLETON)) plugin.report().Skip("the plugin declares TENON_SINGLETON");
  const tenon_plugin *vtable = &plugin.vtable();
  LiveSideBySide(plugin, {vtable, vtable, vtable}, "next to two others");
}

/* Finds a config that `new` refuses. Returns false if it accepts all of them. */
bool FindRefused(Plugin &plugin, const Host &host, std::string *config) {
  for (const char *one : {"nonsense", "{\"\":", "[[1", "{\"a member that no plugin has\":[1]}", "\xff", ""}) {
    *config = one;
    plugin.report().Stage("new with the config " + Quote(*config));
    if (!Instance(plugin, host.get(), *config).ok()) return true;
  }
  return false;
}

void FailedNew(Plugin &plugin) {
  constexpr int kFailures = 100;
  plugin.Load();
  Report &report = plugin.report();
  const Options &options = plugin.options();
  Host &host = *new Host;
  std::string refused;
  if (!FindRefused(plugin, host, &refused)) report.Skip("new accepts every config");
  Budget budget(300);
  for (int i = 1; i <= kFailures && !budget.spent(); i++) {
    report.Stage("new with the config " + Quote(refused) + ", number " + std::to_string(i));
    Instance failed(plugin.vtable(), host.get(), refused.data(), refused.size(), Poison());
    if (!failed.ok()) continue;
    report.Finding("new accepted the config " + Quote(refused) + ", which it had refused before");
    report.Done();
  }
  report.Stage("new after others that failed");
  Instance instance(plugin, host.get(), options.config);
  if (!instance.ok()) {
    report.Finding("new returned " + std::to_string(instance.made().status) + " with " +
                   Quote(instance.made().bytes) + " after others had failed, expected 0");
    return;
  }
  report.Stage("call after a new that failed");
  instance.Call(options.input());
  report.Stage("drop");
}

tenon_status NoMemory(tenon_out *, size_t) {
  return TENON_NO_MEMORY;
}

void DropAfterErrors(Plugin &plugin) {
  constexpr int kErrors = 20;
  plugin.Load();
  Report &report = plugin.report();
  const std::string &input = plugin.options().input();
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  /* The output has no room. Other checks detect a plugin that still writes to it. */
  std::vector<uint8_t> memory(1 << 16);
  Budget budget(1000);
  for (int i = 1; i <= kErrors && !budget.spent(); i++) {
    report.Stage("call without room for a result, number " + std::to_string(i));
    tenon_out out = {memory.data(), 0, 0, NoMemory};
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(input.data());
    if (plugin.vtable().something(instance.state(), bytes, input.size(), &out) == TENON_OK)
      report.Skip("a call without room for a result succeeds");
  }
  report.Stage("drop after calls that failed");
  instance.Drop();
  report.Stage("new after an instance whose calls failed");
  Instance next(plugin, host.get(), plugin.options().config);
  if (!next.ok())
    report.Finding("new returned " + std::to_string(next.made().status) + " with " +
                   Quote(next.made().bytes) +
                   " after the drop of an instance whose calls had failed, expected 0");
  report.Stage("drop");
}

void DropWhenIdle(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  report.Stage("call with the usual input");
  instance.Call(plugin.options().input());
  report.Stage("300 ms without a call");
  SleepMs(300);
  report.Stage("drop after 300 ms without a call");
  instance.Drop();
}

}  // namespace

const ScenarioEntry kLifecycleScenarios[] = {
    {"lifecycle/new", New},
    {"lifecycle/state-written", StateWritten},
    {"lifecycle/cycles", Cycles},
    {"lifecycle/interleaved", Interleaved},
    {"lifecycle/failed-new", FailedNew},
    {"lifecycle/drop-after-errors", DropAfterErrors},
    {"lifecycle/drop-when-idle", DropWhenIdle},
    {nullptr, nullptr},
};

}  // namespace tenon::check
