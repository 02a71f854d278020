#include "check/first_lives.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "check/clock.h"
#include "check/in_child.h"
#include "check/meeting.h"
#include "check/on_thread.h"
#include "check/shared_statics.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

/* The attempts. In the first ones the stops are close together, because a variable is often set early. */
constexpr uint64_t kAttempts = 4, kCloseAttempts = 2;
constexpr uint64_t kClose = 16, kFar = 128;
/* The lives of the other thread in an attempt. */
constexpr int kMostLives = 24;
/* The lives one after another with which an attempt is compared: more than it has itself, for plugins that count. */
constexpr int kControlLives = 3 * kMostLives;
/* An attempt that went wrong must go wrong again this many times. */
constexpr int kProofs = 3;
constexpr size_t kMostInputs = 4, kLongestInput = 16 << 10;
/* The pause between slow calls, and the longest one of a control, in milliseconds. */
constexpr uint64_t kPause = 10, kLongestPause = 400;
/* The time for all attempts, in milliseconds. */
constexpr uint64_t kEnough = 3000;
/* The first character of the result of a child process. */
constexpr char kSame = 's', kDiffers = 'd', kNothingKnown = 'n';

using Inputs = std::vector<std::string>;

/* The answer of new, and those of the calls. */
struct Life {
  std::vector<CallResult> answers;
};

Life Live(const Plugin &plugin, const Inputs &inputs, uint64_t pause = 0) {
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  Life life = {{instance.made()}};
  for (const std::string &input : inputs) {
    if (!instance.ok()) break;
    if (pause != 0) SleepMs(pause);
    life.answers.push_back(instance.Call(input));
  }
  return life;
}

bool IsSame(const CallResult &one, const CallResult &other) {
  return one.outcome == other.outcome && one.bytes == other.bytes;
}

bool IsSame(const Life &one, const Life &other) {
  return std::equal(one.answers.begin(), one.answers.end(), other.answers.begin(), other.answers.end(),
                    [](const CallResult &a, const CallResult &b) { return IsSame(a, b); });
}

/* Returns the first difference from the usual life, or an empty string. */
std::string DifferenceOf(const Life &found, const Life &usual, const Inputs &inputs) {
  for (size_t i = 0; i < std::min(found.answers.size(), usual.answers.size()); i++) {
    const Known expected = {i == 0 ? "" : inputs[i - 1], usual.answers[i]};
    const std::string difference = DifferenceFrom(expected, found.answers[i], "as alone");
    if (difference.empty()) continue;
    if (i == 0) return "new " + difference.substr(3);
    return "a call with the input " + Quote(expected.input.substr(0, 40)) + " " + difference.substr(3);
  }
  return "";
}

/* Returns a life as one line of text. */
std::string TextOf(const Life &life) {
  std::string text(1, kSame);
  for (const CallResult &answer : life.answers) text += std::to_string(answer.outcome) + Quote(answer.bytes);
  return text;
}

/* Returns the usual life as text. Lives one after another, next to another instance and slowly must all be the same. Runs
 * in a child process, so that the parent has made no instance. */
std::string LearnInChild(const Plugin &plugin, const Inputs &inputs) {
  const Life first = Live(plugin, inputs);
  Host &host = *new Host;
  Instance next_to(plugin, host.get(), plugin.options().config);
  const bool known = first.answers.front().ok() && CountThreads() == 1 &&
                     IsSame(first, Live(plugin, inputs)) && IsSame(first, Live(plugin, inputs, kPause));
  return known ? TextOf(first) : std::string(1, kNothingKnown);
}

struct Attempt {
  const Plugin &plugin;
  const Inputs &inputs;
  const std::string &usual; /* the life, as text */
};

/* The lives of both threads. */
class Lives {
 public:
  void Add(bool of_stopped, Life life) {
    std::lock_guard<std::mutex> lock(adding_);
    (of_stopped ? stopped_ : others_).push_back(std::move(life));
  }

  /* Returns the result of a child process: the milliseconds that it took, and the first difference from a life of now,
   * which should be the usual one. Those of the stopped thread count first, so that the finding is the same in each
   * run. */
  std::string Judge(const Attempt &attempt, uint64_t ms) const {
    const Life now = Live(attempt.plugin, attempt.inputs);
    std::string found =
        TextOf(now) == attempt.usual ? "" : "the instances after it have other results than usual";
    for (const auto *lives : {&others_, &stopped_})
      for (const Life &life : *lives) {
        const std::string difference = DifferenceOf(life, now, attempt.inputs);
        if (!difference.empty()) found = difference;
      }
    return (found.empty() ? kSame : kDiffers) + std::to_string(ms) + " " + found;
  }

 private:
  std::mutex adding_;
  std::vector<Life> stopped_, others_;
};

std::string MeetInChild(const Attempt &attempt, uint64_t number) {
  Lives &lives = *new Lives;
  std::atomic<int> left{kMostLives};
  Meeting meeting;
  meeting.code = &attempt.plugin.code();
  meeting.stopped = [&] { lives.Add(true, Live(attempt.plugin, attempt.inputs)); };
  meeting.other = [&] {
    if (left-- > 0) lives.Add(false, Live(attempt.plugin, attempt.inputs));
  };
  const uint64_t every = number < kCloseAttempts ? kClose : kFar, began = NowMs();
  const uint64_t first = every * (number % kCloseAttempts) / kCloseAttempts;
  if (Meet(meeting, first, every).stuck) return std::string(1, kNothingKnown);
  return lives.Judge(attempt, NowMs() - began);
}

/* The lives of an attempt one after another: one in steps, one that takes as long as the attempt, and many. */
std::string ControlInChild(const Attempt &attempt, uint64_t pause) {
  Lives &lives = *new Lives;
  Meeting meeting;
  meeting.code = &attempt.plugin.code();
  meeting.stopped = [&] { lives.Add(true, Live(attempt.plugin, attempt.inputs)); };
  if (Meet(meeting, 0, 0).stuck) return std::string(1, kNothingKnown);
  lives.Add(true, Live(attempt.plugin, attempt.inputs, std::min(pause, kLongestPause)));
  for (int i = 0; i < kControlLives; i++) lives.Add(true, Live(attempt.plugin, attempt.inputs));
  return lives.Judge(attempt, 0);
}

bool WentWrong(const ChildEnd &end) {
  return end.finished ? end.text[0] == kDiffers : end.signal == SIGSEGV || end.signal == SIGBUS;
}

/* Returns the pause between two calls of a life that takes as long as the attempt. */
uint64_t PauseFor(const ChildEnd &end) {
  return end.finished ? std::stoull(end.text.substr(1)) / kMostInputs + 1 : kLongestPause;
}

/* Returns whether the attempt goes wrong each time, and its lives one after another never do. */
bool IsProven(const Attempt &attempt, uint64_t number, uint64_t pause) {
  for (int i = 0; i < kProofs; i++) {
    const ChildEnd control = RunInChild([&] { return ControlInChild(attempt, pause); });
    if (!control.finished || control.text[0] != kSame) return false;
    if (!WentWrong(RunInChild([&] { return MeetInChild(attempt, number); }))) return false;
  }
  const ChildEnd last = RunInChild([&] { return ControlInChild(attempt, pause); });
  return last.finished && last.text[0] == kSame;
}

void Tell(Plugin &plugin, const Attempt &attempt, const ChildEnd &end) {
  const std::string when = "while another thread made the first instance of the process";
  const Evidence evidence = FindSharedStatics(
      plugin, [&](size_t) { Live(plugin, {attempt.inputs.front()}); }, true);
  if (!end.finished)
    return plugin.report().Finding(
        "A process that made an instance " + when + " ended by signal " + std::to_string(end.signal),
        evidence);
  const std::string difference = end.text.substr(end.text.find(' ') + 1);
  plugin.report().Finding("An instance was made " + when + ": " + difference, evidence);
}

Inputs InputsOf(const Options &options) {
  Inputs inputs;
  for (const std::string &input : VariedInputs(options))
    if (inputs.size() < kMostInputs && input.size() <= kLongestInput) inputs.push_back(input);
  return inputs;
}

/* Returns the usual life as text, or an empty string if two processes do not live the same. */
std::string Learn(const Plugin &plugin, const Inputs &inputs) {
  const ChildEnd one = RunInChild([&] { return LearnInChild(plugin, inputs); });
  if (!one.finished || one.text[0] != kSame) return "";
  const ChildEnd other = RunInChild([&] { return LearnInChild(plugin, inputs); });
  return other.text == one.text ? one.text : "";
}

}  // namespace

bool MeetInFirstLives(Plugin &plugin) {
  if (!CanStep() || CountThreads() > 1) return false;
  plugin.report().Stage("new of the first instance, and new of others on another thread");
  const Inputs inputs = InputsOf(plugin.options());
  const std::string usual = Learn(plugin, inputs);
  if (usual.empty()) return false;
  const Attempt attempt = {plugin, inputs, usual};
  Budget budget(kEnough);
  for (uint64_t number = 0; number < kAttempts && !budget.spent(); number++) {
    const ChildEnd end = RunInChild([&] { return MeetInChild(attempt, number); });
    if (end.finished && end.text[0] == kNothingKnown) return false;
    if (!WentWrong(end)) continue;
    if (!IsProven(attempt, number, PauseFor(end))) return false;
    return Tell(plugin, attempt, end), true;
  }
  return false;
}

}  // namespace tenon::check
