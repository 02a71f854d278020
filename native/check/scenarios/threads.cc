/* Scenarios of group `threads` about the calling threads: different ones, or several at once. Those about
 * threads of the plugin are in threads_events.cc. */
#include <sys/prctl.h>

#include <memory>
#include <mutex>

#include "check/clock.h"
#include "check/difference.h"
#include "check/facts.h"
#include "check/first_lives.h"
#include "check/meetings.h"
#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/shared_statics.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

constexpr size_t kThreads = 4;
/* The calls end at the first of these limits. */
constexpr int kMostCalls = 100000;
constexpr int kMostInstances = 1000;
constexpr uint64_t kEnough = 50;

std::unique_ptr<Instance> Make(Trial &trial) {
  Plugin &plugin = trial.plugin();
  return std::make_unique<Instance>(plugin, trial.host().get(), plugin.options().config);
}

/* The first finding of several threads. */
class FirstFinding {
 public:
  void Add(const std::string &message) {
    std::lock_guard<std::mutex> lock(adding_);
    if (message_.empty()) message_ = message;
  }
  void ReportTo(Report &report) const {
    if (!message_.empty()) report.Finding(message_);
  }
  /* Reports the finding with the static variables that explain it. `work` uses an instance alone. */
  void ReportTo(Plugin &plugin, const std::function<void(size_t)> &work) const {
    if (!message_.empty()) plugin.report().Finding(message_, FindSharedStatics(plugin, work));
  }

 private:
  std::mutex adding_;
  std::string message_;
};

/* Returns true if all calls of one instance have the result of the first call, which can then be expected of
 * other calls. TENON_DETERMINISTIC does not promise that: a plugin may count its calls. */
bool SameEachTime(Trial &trial) {
  const CallResult &usual = trial.usual_answer();
  if (!trial.stable()) return false;
  trial.report().Stage("several calls of one instance");
  std::unique_ptr<Instance> instance = Make(trial);
  for (int i = 0; i < 5; i++) {
    CallResult result = instance->Call(trial.usual());
    if (!result.ok() || result.bytes != usual.bytes) return false;
  }
  return true;
}

/* More threads than the tables of a plugin may have room for. */
void ManyThreads(Plugin &plugin) {
  constexpr int kMany = 64;
  Trial &trial = *new Trial(plugin);
  const bool same = SameEachTime(trial);
  plugin.report().Stage("new");
  std::unique_ptr<Instance> instance = Make(trial);
  plugin.RequireInstance(*instance);
  FirstFinding found;
  Budget budget(10 * kEnough);
  for (int i = 1; i <= kMany && !budget.spent(); i++) {
    const std::string what = "a call on thread " + std::to_string(i) + " of many";
    plugin.report().Stage(what);
    OnThreads(1, [&](size_t) {
      CallResult result = instance->Call(trial.usual());
      if (!Breach(result).empty()) found.Add("In " + what + ": " + Breach(result));
      if (same && result.ok() && result.bytes != trial.usual_answer().bytes)
        found.Add("In " + what + ": it " + DifferenceOf(result, trial.usual_answer(), "as on one thread"));
    });
  }
  found.ReportTo(plugin.report());
  plugin.report().Stage("drop after calls on many threads");
}

/* Makes calls until one of the limits. With `same` all of them must have the same result. */
void KeepCalling(Trial &trial, Instance &instance, bool same, const std::string &what, FirstFinding *found) {
  const CallResult &usual = trial.usual_answer();
  Budget budget(kEnough);
  for (int i = 0; i < kMostCalls && !budget.spent(); i++) {
    CallResult result = instance.Call(trial.usual());
    std::string breach = Breach(result);
    if (!breach.empty()) return found->Add("In " + what + ": " + breach);
    if (same && result.ok() && result.bytes != usual.bytes)
      return found->Add("In " + what + ": one " + DifferenceOf(result, usual, "as in single calls"));
  }
}

void ConcurrentInstances(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  if (plugin.has_flag(TENON_SINGLETON)) plugin.report().Skip("it declares TENON_SINGLETON");
  if (MeetInCalls(plugin)) return;
  const bool same = SameEachTime(trial);
  std::vector<std::unique_ptr<Instance>> instances;
  plugin.report().Stage("making several instances");
  for (size_t i = 0; i < kThreads; i++) {
    instances.push_back(Make(trial));
    plugin.RequireInstance(*instances.back());
  }
  FirstFinding found;
  plugin.report().Stage("calls of several instances at once");
  OnThreads(kThreads, [&](size_t number) {
    KeepCalling(trial, *instances[number], same, "calls of several instances at once", &found);
  });
  found.ReportTo(plugin, [&](size_t which) { instances[which]->Call(trial.usual()); });
  plugin.report().Stage("dropping several instances");
  instances.clear();
}

void ConcurrentNew(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  if (plugin.has_flag(TENON_SINGLETON)) plugin.report().Skip("it declares TENON_SINGLETON");
  if (MeetInLives(plugin)) return;
  plugin.report().Stage("new");
  plugin.RequireInstance(*Make(trial)); /* a single instance can be made */
  FirstFinding found;
  plugin.report().Stage("new and drop on several threads at once");
  OnThreads(kThreads, [&](size_t) {
    Budget budget(kEnough);
    for (int i = 0; i < kMostInstances && !budget.spent(); i++) {
      const CallResult made = Make(trial)->made();
      if (!made.kept_contract()) return found.Add("In new on several threads at once: " + Breach(made));
    }
  });
  found.ReportTo(plugin, [&](size_t) { Make(trial); });
}

void ConcurrentFirst(Plugin &plugin) {
  plugin.Load();
  if (plugin.has_flag(TENON_SINGLETON)) plugin.report().Skip("it declares TENON_SINGLETON");
  MeetInFirstLives(plugin);
}

void ConcurrentCalls(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  if (!plugin.has_flag(TENON_THREAD_SAFE)) plugin.report().Skip("it does not declare TENON_THREAD_SAFE");
  if (MeetInSharedCalls(plugin)) return;
  const bool same = SameEachTime(trial);
  plugin.report().Stage("new");
  std::unique_ptr<Instance> instance = Make(trial);
  plugin.RequireInstance(*instance);
  FirstFinding found;
  plugin.report().Stage("calls of one instance on several threads at once");
  OnThreads(kThreads, [&](size_t) {
    KeepCalling(trial, *instance, same, "calls of one instance on several threads at once", &found);
  });
  found.ReportTo(plugin, [&](size_t) { instance->Call(trial.usual()); });
  plugin.report().Stage("drop after calls on several threads");
  instance->Drop();
}

Facts ThreadName() {
  char name[17] = {};
  prctl(PR_GET_NAME, name);
  return {{"the name of the calling thread", Quote(name)}};
}

/* The thread belongs to the host, even while the plugin runs on it. */
void NameUnchanged(Plugin &plugin) {
  Facts known = ThreadName();
  OrdinaryLife(plugin, *new Host, [&](const std::string &step) {
    Facts now = ThreadName();
    ReportChanges(&plugin.report(), known, now, step);
    known = now;
  });
}

}  // namespace

const ScenarioEntry kThreadScenarios[] = {
    {"threads/many-threads", ManyThreads},
    {"threads/concurrent-instances", ConcurrentInstances},
    {"threads/concurrent-new", ConcurrentNew},
    {"threads/concurrent-first", ConcurrentFirst},
    {"threads/concurrent-calls", ConcurrentCalls},
    {"threads/thread-name", NameUnchanged},
    {nullptr, nullptr},
};

}  // namespace tenon::check
