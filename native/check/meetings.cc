#include "check/meetings.h"

#include <malloc.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "check/in_child.h"
#include "check/meeting.h"
#include "check/on_thread.h"
#include "check/shared_statics.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

/* The attempts, each with other instructions at which the first thread is stopped. */
constexpr uint64_t kAttempts = 8;
constexpr uint64_t kStops = 40;
/* The instructions of all attempts together. */
constexpr uint64_t kMostInstructions = 24'000;
/* An attempt that went wrong must go wrong again this many times. */
constexpr int kProofs = 3;
/* The second thread works at most this often in an attempt. An even number. */
constexpr int kMostWork = 128;
/* The first character of the result of an attempt. */
constexpr char kFine = 'f', kDiffers = 'd', kStuck = 's', kNothingKnown = 'n';
constexpr char kAsAlone[] = "as alone";
#if defined(M_PERTURB)
/* The byte that fills memory which was freed, so that a later use is noticed. */
constexpr int kFreed = 0x5a;
#endif

/* The differences that the threads have found. Those of the stopped thread count first, so that the finding is
 * the same in each run. */
class Differences {
 public:
  enum Finder { kStopped, kOther };

  void Add(Finder finder, const std::string &text) {
    std::lock_guard<std::mutex> lock(adding_);
    if (texts_[finder].empty()) texts_[finder] = text;
  }
  const std::string &text() const { return texts_[kStopped].empty() ? texts_[kOther] : texts_[kStopped]; }

 private:
  std::mutex adding_;
  std::string texts_[2];
};

struct Attempt {
  Plugin &plugin;
  uint64_t number;
  bool alone; /* nothing happens at the same time */
};

std::string Result(const Differences &found, const MeetingEnd &end) {
  if (end.stuck) return std::string(1, kStuck);
  if (!found.text().empty()) return kDiffers + found.text();
  return kFine + std::to_string(end.count.counted);
}

/* Returns the distance of the stops, and the first one, for an attempt at code of `length` instructions. */
uint64_t Distance(uint64_t length) {
  return length / kStops + 1;
}
uint64_t First(uint64_t length, uint64_t number) {
  return Distance(length) * number / kAttempts;
}

/* Returns all known results on one line. */
std::string ResultsOf(const std::vector<Known> &known) {
  std::string all;
  for (const Known &one : known) all += Quote(one.input) + Quote(one.result.bytes);
  return all;
}

/* Runs the meeting once without the other thread, and then with it. If the attempt is alone, this thread does
 * the work of both instead: a plugin whose results change with the number of calls is not at fault. */
std::string MeetTwice(const Attempt &attempt, Meeting meeting, const Differences &found,
                      const std::vector<Known> &known) {
  const std::function<void()> other = meeting.other;
  meeting.other = nullptr;
  const MeetingEnd before = Meet(meeting, 0, 0);
  if (before.stuck || !found.text().empty()) return std::string(1, kNothingKnown);
  const uint64_t length = before.count.counted;
  if (attempt.alone) {
    for (int i = 0; i < kMostWork; i++) other();
    meeting.stopped();
    return found.text().empty() ? kFine + ResultsOf(known) : std::string(1, kNothingKnown);
  }
  meeting.other = other;
  return Result(found, Meet(meeting, First(length, attempt.number), Distance(length)));
}

/* Calls with different inputs, of two instances or, with `shared`, of one. */
std::string CallAtOnce(const Attempt &attempt, bool shared) {
  const Plugin &plugin = attempt.plugin;
  const std::vector<Known> known = KnownResults(plugin, VariedInputs(plugin.options()));
  if (known.empty()) return std::string(1, kNothingKnown);
  const Known &mine = known[attempt.number % known.size()];
  const Known &theirs = known[(attempt.number + 1) % known.size()];
  Host &host = *new Host;
  Instance &one = *new Instance(plugin, host.get(), plugin.options().config);
  Instance &another = shared ? one : *new Instance(plugin, host.get(), plugin.options().config);
  const std::string whose = shared ? "another call" : "a call of another instance";
  Differences &found = *new Differences;
  const auto call = [&](Differences::Finder finder, Instance &instance, const Known &expected,
                        const Known &other) {
    const std::string difference = DifferenceFrom(expected, instance.Call(expected.input), kAsAlone);
    if (!difference.empty())
      found.Add(finder, "In a call with the input " + Quote(expected.input.substr(0, 40)) +
                            " at the same time as " + whose + " with " + Quote(other.input.substr(0, 40)) +
                            ": " + difference);
  };
  Meeting meeting;
  meeting.code = &plugin.code();
  meeting.stopped = [&] { call(Differences::kStopped, one, mine, theirs); };
  meeting.other = [&] { call(Differences::kOther, another, theirs, mine); };
  return MeetTwice(attempt, meeting, found, known);
}

std::string CallInstances(const Attempt &attempt) {
  return CallAtOnce(attempt, false);
}

std::string CallShared(const Attempt &attempt) {
  return CallAtOnce(attempt, true);
}

/* The life of an instance in two halves. */
class Life {
 public:
  Life(const Plugin &plugin, const Known &expected, Differences::Finder finder, Differences *found)
      : plugin_(plugin), expected_(expected), finder_(finder), found_(found) {}

  void Begin() {
    instance_ = std::make_unique<Instance>(plugin_, host_.get(), plugin_.options().config);
    const CallResult &made = instance_->made();
    if (!made.kept_contract() || made.status == TENON_INVALID || made.status == TENON_PANIC)
      found_->Add(finder_, "new of an instance while another one was made or dropped returned " +
                               std::to_string(made.status) + " with " + Quote(made.bytes) + ", expected 0");
    Call();
  }
  void End() {
    Call();
    instance_.reset();
  }
  void Half() { instance_ == nullptr ? Begin() : End(); }
  void Rest() {
    if (instance_ != nullptr) End();
  }

 private:
  void Call() {
    if (!instance_->ok()) return;
    const std::string difference = DifferenceFrom(expected_, instance_->Call(expected_.input), kAsAlone);
    if (!difference.empty())
      found_->Add(finder_, "In a call while another instance was made or dropped: " + difference);
  }

  const Plugin &plugin_;
  const Known &expected_;
  Differences::Finder finder_;
  Differences *found_;
  Host host_;
  std::unique_ptr<Instance> instance_;
};

/* Instances that are made, called and dropped. */
std::string Lives(const Attempt &attempt) {
  const Plugin &plugin = attempt.plugin;
  std::vector<Known> &known = *new std::vector<Known>(KnownResults(plugin, VariedInputs(plugin.options())));
  if (known.empty()) return std::string(1, kNothingKnown);
#if defined(M_PERTURB)
  mallopt(M_PERTURB, kFreed);
#endif
  Differences &found = *new Differences;
  Life &one = *new Life(plugin, known[0], Differences::kStopped, &found);
  Life &another = *new Life(plugin, known[attempt.number % known.size()], Differences::kOther, &found);
  Meeting meeting;
  meeting.code = &plugin.code();
  meeting.stopped = [&] { one.Begin(), one.End(); };
  meeting.other = [&] { another.Half(); };
  meeting.finally = [&] { another.Rest(); };
  const std::string result = MeetTwice(attempt, meeting, found, known);
  if (result[0] != kFine) return result;
  one.Begin(), one.End();
  return found.text().empty() ? result : kDiffers + found.text();
}

using Try = std::string (*)(const Attempt &attempt);

bool WentWrong(const ChildEnd &end) {
  return end.finished ? end.text[0] == kDiffers || end.text[0] == kStuck : end.signal != SIGTRAP;
}

/* Returns whether one begins with the other. On a busy machine there is time for fewer results. */
bool Agree(const std::string &one, const std::string &other) {
  const size_t size = std::min(one.size(), other.size());
  return one.compare(0, size, other, 0, size) == 0;
}

/* Returns whether the attempt goes wrong each time, and never without the second thread. The results before and
 * after it must be equal: a plugin whose results change with the time is not at fault. */
bool IsProven(Try run, Attempt attempt) {
  const auto once = [&](bool alone) {
    attempt.alone = alone;
    return RunInChild([&] { return run(attempt); });
  };
  for (int i = 0; i < kProofs; i++) {
    const ChildEnd before = once(true);
    if (!before.finished || before.text[0] != kFine || !WentWrong(once(false))) return false;
    const ChildEnd after = once(true);
    if (!after.finished || !Agree(before.text, after.text)) return false;
  }
  return true;
}

/* Returns the static variables that instances share in calls, or in their lives. */
Evidence SharedStatics(Plugin &plugin, Try run) {
  Host &host = *new Host;
  const auto make = [&] { return new Instance(plugin, host.get(), plugin.options().config); };
  if (run == Lives) return FindSharedStatics(plugin, [&](size_t) { delete make(); });
  Instance *const instances[] = {make(), make()};
  return FindSharedStatics(plugin, [&](size_t which) { instances[which]->Call(plugin.options().input()); });
}

void Tell(Plugin &plugin, const ChildEnd &end, const char *what, Try run, const Attempt &attempt) {
  Report &report = plugin.report();
  if (!end.finished) {
    run(attempt); /* the crash is recorded */
    report.Finding("A process in which two threads used the plugin at the same time ended by signal " +
                   std::to_string(end.signal));
  } else if (end.text[0] == kStuck) {
    report.Finding(std::string("Two threads wait for each other, in ") + what +
                   ": each holds a lock that the other one needs");
  } else {
    report.Finding(end.text.substr(1), SharedStatics(plugin, run));
  }
}

/* Runs the attempts until one is a finding. `what` describes them: "calls of two instances". */
bool RunAttempts(Plugin &plugin, Try run, const char *what) {
  /* A copy of a process has none of its other threads. */
  if (!CanStep() || CountThreads() > 1) return false;
  plugin.report().Stage(std::string(what) + " on two threads at the same time");
  uint64_t instructions = 0;
  for (uint64_t number = 0; number < kAttempts && instructions < kMostInstructions; number++) {
    const Attempt attempt = {plugin, number, false};
    const ChildEnd end = RunInChild([&] { return run(attempt); });
    if (end.finished && end.text[0] == kNothingKnown) return false;
    if (WentWrong(end) && IsProven(run, attempt)) return Tell(plugin, end, what, run, attempt), true;
    if (end.finished && end.text[0] == kFine) instructions += 2 * std::stoull(end.text.substr(1));
  }
  return false;
}

}  // namespace

bool MeetInCalls(Plugin &plugin) {
  return RunAttempts(plugin, CallInstances, "calls of two instances with different inputs");
}

bool MeetInSharedCalls(Plugin &plugin) {
  return RunAttempts(plugin, CallShared, "calls of one instance with different inputs");
}

bool MeetInLives(Plugin &plugin) {
  return RunAttempts(plugin, Lives, "new, calls and drop of two instances");
}

}  // namespace tenon::check
