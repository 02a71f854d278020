/* Scenarios of group `threads` about events, log entries and a host that is busy. Those about the end of
 * threads are in threads_drop.cc. */
#include <atomic>
#include <memory>

#include "check/clock.h"
#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* Time for threads of a plugin to emit or log, in milliseconds. */
constexpr uint64_t kPatience = 60;
constexpr int kCalls = 3;

/* An instance that was called a few times, and whose threads had time to emit. */
class Session {
 public:
  explicit Session(Trial &trial) : trial_(trial) {
    Plugin &plugin = trial.plugin();
    plugin.report().Stage("new");
    instance_ = std::make_unique<Instance>(plugin, trial.host().get(), plugin.options().config);
    plugin.RequireInstance(*instance_);
    for (int i = 0; i < kCalls; i++) {
      plugin.report().Stage("call with the usual input");
      instance_->Call(trial.usual());
    }
    plugin.report().Stage("waiting for threads of the plugin");
    WaitForThreads(kPatience);
  }
  void Drop() {
    trial_.report().Stage("drop");
    instance_->Drop();
  }

 private:
  Trial &trial_;
  std::unique_ptr<Instance> instance_;
};

void Events(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Session(trial).Drop();
  if (trial.host().bad_events() == 0) return;
  plugin.report().Finding("emit was called " + std::to_string(trial.host().bad_events()) +
                          " times with NULL for data and a length that is not 0");
}

void LogText(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Session(trial).Drop();
  if (trial.host().bad_logs() == 0) return;
  plugin.report().Finding(
      "log was called " + std::to_string(trial.host().bad_logs()) +
      " times with a message that is not UTF-8 or a level other than those of tenon.h (0 to 4)");
}

void SlowEmit(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  trial.host().SetEmitDelay(500);
  Session session(trial);
  session.Drop();
  if (trial.host().emitting() > 0)
    plugin.report().Finding("drop returned while a thread of the plugin was still in emit");
}

/* Runs an instance while `emit` returns TENON_BUSY. A call that waits until the host has room would wait
 * forever if the same thread of the host made the call. */
void Busy(Plugin &plugin) {
  constexpr uint64_t kLong = 1500;
  Trial &trial = *new Trial(plugin);
  Host &host = trial.host();
  std::atomic<bool> done{false}, made{true};
  host.SetEmitStatus(TENON_BUSY);
  plugin.report().Stage("new, calls and drop while emit returns TENON_BUSY");
  Thread caller([&] {
    Instance instance(plugin, host.get(), plugin.options().config);
    made = instance.ok();
    for (int i = 0; i < kCalls && made; i++) instance.Call(trial.usual());
    instance.Drop();
    done = true;
  });
  uint64_t began = NowMs();
  while (!done && NowMs() - began < kLong) SleepMs(1);
  uint64_t refused = host.refused();
  if (!done) SleepMs(kLong / 3);
  if (!done && host.refused() > refused)
    plugin.report().Finding("new, a call or drop had not returned after " + std::to_string(kLong) +
                            " ms, during which emit returned TENON_BUSY " + std::to_string(refused) +
                            " times");
  host.SetEmitStatus(TENON_CLOSED);
  caller.Join();
  if (!made) plugin.RequireInstance(Instance(plugin, host.get(), plugin.options().config));
}

void BusyRate(Plugin &plugin) {
  constexpr uint64_t kMost = 1000, kPerSecond = 10000;
  Trial &trial = *new Trial(plugin);
  trial.host().SetEmitStatus(TENON_BUSY);
  uint64_t began = NowMs();
  Session(trial).Drop();
  uint64_t ms = NowMs() - began + 1, refused = trial.host().refused();
  if (refused <= kMost || refused * 1000 / ms <= kPerSecond) return;
  plugin.report().Finding("emit was called " + std::to_string(refused) + " times within " +
                          std::to_string(ms) + " ms although it returned TENON_BUSY");
}

}  // namespace

const ScenarioEntry kThreadEventScenarios[] = {
    {"threads/events", Events}, {"threads/log-text", LogText},   {"threads/slow-emit", SlowEmit},
    {"threads/busy", Busy},     {"threads/busy-rate", BusyRate}, {nullptr, nullptr},
};

}  // namespace tenon::check
