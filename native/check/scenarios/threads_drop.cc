/* Scenarios of group `threads` about the moment at which `drop` returns. No thread of the plugin may run on, and
 * nothing may use the host of the instance. */
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "check/clock.h"
#include "check/left_threads.h"
#include "check/on_thread.h"
#include "check/procfs.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

constexpr int kCalls = 3;
/* The lives of instances: fewer if they are slow, and fewest if the plugin starts no threads. */
constexpr int kFewestLives = 16, kMostLives = 200;
constexpr uint64_t kEnough = 150;
/* The time for threads that are left to use the host, in milliseconds. */
constexpr uint64_t kAfter = 1000;
/* The time for threads to begin. */
constexpr uint64_t kBeginning = 20;
/* The time for threads that ran no code of the plugin. Helper threads of the C library end by themselves. */
constexpr uint64_t kPatience = 2000;
/* The number of threads that were left but ended before they could be looked at. One may have been a helper
 * thread of the C library. */
constexpr int kProofs = 2;

/* The circumstances of a drop, which take turns: a thread may be starting, working or waiting. */
enum Circumstance { kAfterCalls, kWithoutCalls, kCrowded, kRested, kCircumstances };

/* The state at the moment at which drop returned. */
struct AfterDrop {
  Host *host;
  uint64_t events, logs;
  bool had_threads; /* before drop */
  std::set<pid_t> left;
};

AfterDrop LiveOnce(Trial &trial, const std::set<pid_t> &own, int life) {
  Plugin &plugin = trial.plugin();
  const int circumstance = life % kCircumstances;
  AfterDrop after = {new Host, 0, 0, false, {}}; /* never freed: threads that are left may use it */
  Instance instance(plugin, after.host->get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (int i = 0; i < kCalls && circumstance != kWithoutCalls; i++) instance.Call(trial.usual());
  if (circumstance == kRested) SleepMs(5);
  after.had_threads = RunningThreads().size() > own.size();
  std::optional<Crowd> crowd;
  if (circumstance == kCrowded) crowd.emplace();
  instance.Drop();
  for (pid_t thread : RunningThreads()) {
    if (own.count(thread) == 0) after.left.insert(thread);
  }
  after.events = after.host->events(), after.logs = after.host->logs();
  return after;
}

std::string LaterUse(const AfterDrop &after) {
  std::string used;
  if (after.host->events() != after.events) used = "emit";
  if (after.host->logs() != after.logs) used += used.empty() ? "log" : " and log";
  return used.empty() ? "" : ". Afterwards they called " + used;
}

/* The threads that were found after the drops so far. */
class LeftThreads {
 public:
  explicit LeftThreads(Plugin &plugin) : plugin_(plugin), code_(FindCode(plugin.gates().entry())) {}

  /* Returns true if the threads prove that drop does not wait for all threads of the plugin. */
  bool Prove(const AfterDrop &after) {
    for (pid_t thread : after.left) {
      if (others_.count(thread) != 0 || IsHelperOfLibrary(thread)) continue;
      ThreadState state = LookAtThread(thread, code_);
      if (state.doing == Doing::kPlugin) return evidence_ = state.evidence, true;
      if (state.doing == Doing::kEnded)
        ended_++;
      else
        others_.insert(thread);
    }
    return ended_ >= kProofs;
  }

  void ReportProof(const std::string &more) {
    plugin_.report().Finding("Threads of the plugin still ran when drop returned, expected none" + more,
                             evidence_);
  }

  /* Reports threads that had not begun when they were looked at, or ran no code of the plugin and do not end. */
  void ReportOthers() {
    if (others_.empty()) return;
    plugin_.report().Stage("waiting for threads to end after drop");
    SleepMs(kBeginning);
    if (Prove({nullptr, 0, 0, true, std::exchange(others_, {})})) return ReportProof("");
    const auto left = [&] {
      size_t count = 0;
      for (pid_t thread : RunningThreads()) count += others_.count(thread);
      return count;
    };
    for (uint64_t until = NowMs() + kPatience; left() > 0 && NowMs() < until;) SleepMs(2);
    if (size_t count = left())
      plugin_.report().Finding("Threads left " + std::to_string(kPatience) +
                               " ms after drop returned: " + std::to_string(count) + ", expected none");
  }

 private:
  Plugin &plugin_;
  const CodeRange code_;
  std::set<pid_t> others_;
  int ended_ = 0;
  Evidence evidence_;
};

void LeftAfterDrop(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  const std::set<pid_t> own = RunningThreads();
  LeftThreads left(plugin);
  bool had_threads = false;
  Budget budget(kEnough);
  for (int life = 0; life < kMostLives; life++) {
    if (life >= kFewestLives && (!had_threads || budget.spent())) break;
    if (life < kCircumstances)
      plugin.report().Stage("new, calls and drop, number " + std::to_string(life + 1));
    AfterDrop after = LiveOnce(trial, own, life);
    had_threads = had_threads || after.had_threads || !after.left.empty();
    if (after.left.empty() || !left.Prove(after)) continue;
    plugin.report().Stage("waiting for threads to end after drop");
    WaitForThreads(kAfter);
    return left.ReportProof(LaterUse(after));
  }
  left.ReportOthers();
}

/* An instance with a host of its own, and the use of the host until drop returned. */
struct Guest {
  explicit Guest(Plugin &plugin) : instance(plugin, host.get(), plugin.options().config) {}

  void Drop() {
    instance.Drop();
    events = host.events(), logs = host.logs();
    host.SetEmitStatus(TENON_CLOSED);
    dropped = true;
  }

  Host host;
  Instance instance;
  uint64_t events = 0, logs = 0;
  bool dropped = false;
};

void ReportLateUse(Report &report, const char *function, uint64_t count) {
  if (count == 0) return;
  report.Finding(std::string(function) + " was called " + std::to_string(count) +
                 " times with the host of an instance after drop had returned");
}

/* Drops one instance after another, and calls those that are left. A plugin that keeps a host in a static
 * variable then uses one that no longer exists. */
void EmitAfterDrop(Plugin &plugin) {
  constexpr size_t kGuests = 3;
  constexpr size_t kNewestFirst[kGuests] = {2, 0, 1};
  constexpr uint64_t kBetween = 60;
  Trial &trial = *new Trial(plugin);
  const size_t count = plugin.has_flag(TENON_SINGLETON) ? 1 : kGuests;
  auto &guests = *new std::vector<std::unique_ptr<Guest>>; /* never freed: threads may use the hosts */
  plugin.report().Stage("new and calls of several instances");
  for (size_t i = 0; i < count; i++) {
    guests.push_back(std::make_unique<Guest>(plugin));
    plugin.RequireInstance(guests.back()->instance);
  }
  for (size_t next : kNewestFirst) {
    if (next >= count) continue;
    plugin.report().Stage("calls of instances, some of which were dropped");
    for (auto &guest : guests) {
      for (int i = 0; i < kCalls && !guest->dropped; i++) guest->instance.Call(trial.usual());
    }
    WaitForThreads(kBetween);
    plugin.report().Stage("drop of one of several instances");
    guests[next]->Drop();
  }
  plugin.report().Stage("waiting after drop");
  WaitForThreads(kAfter);
  uint64_t events = 0, logs = 0;
  for (auto &guest : guests)
    events += guest->host.events() - guest->events, logs += guest->host.logs() - guest->logs;
  ReportLateUse(plugin.report(), "emit", events);
  ReportLateUse(plugin.report(), "log", logs);
}

}  // namespace

const ScenarioEntry kThreadDropScenarios[] = {
    {"threads/left-after-drop", LeftAfterDrop},
    {"threads/emit-after-drop", EmitAfterDrop},
    {nullptr, nullptr},
};

}  // namespace tenon::check
