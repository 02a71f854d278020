/* Scenarios of group `calls` about results that depend on what happened before: an error that other code has left in
 * errno, and a call that failed. */
#include <errno.h>

#include <algorithm>

#include "check/clock.h"
#include "check/difference.h"
#include "check/in_child.h"
#include "check/on_thread.h"
#include "check/rehearsal.h"
#include "check/scenarios.h"
#include "check/trial.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

/* The time for all calls together, in milliseconds. */
constexpr uint64_t kEnough = 3000;
/* The bytes that are shown of an input. */
constexpr size_t kShown = 40;

bool Same(const CallResult &one, const CallResult &other) {
  return one.outcome == other.outcome && one.bytes == other.bytes;
}

struct LeftError {
  int value;
  const char *name;
};

constexpr LeftError kErrors[] = {
    {ERANGE, "ERANGE"}, {EINTR, "EINTR"}, {ENOMEM, "ENOMEM"}, {EINVAL, "EINVAL"}, {EAGAIN, "EAGAIN"}};

/* The answers of a fresh instance if errno has a value before new and before the call. */
struct Answer {
  CallResult made, result;
};

bool Same(const Answer &one, const Answer &other) {
  return Same(one.made, other.made) && Same(one.result, other.result);
}

Answer AnswerAfter(Plugin &plugin, const std::string &input, int error) {
  Host &host = *new Host;
  errno = error;
  Instance instance(plugin, host.get(), plugin.options().config);
  Answer answer;
  answer.made = instance.made();
  if (!instance.ok()) return answer;
  errno = error;
  answer.result = instance.Call(input);
  return answer;
}

/* Returns whether errno alone makes the difference: the results are the same whenever the value is the same. */
bool IsProven(Plugin &plugin, const std::string &input, int error, const Answer &usual, const Answer &found) {
  for (int i = 0; i < 3; i++) {
    if (!Same(AnswerAfter(plugin, input, 0), usual)) return false;
    if (!Same(AnswerAfter(plugin, input, error), found)) return false;
  }
  return true;
}

/* Returns the finding for the input and the value of errno, or an empty string. */
std::string FindingAfter(Plugin &plugin, const Known &known, const LeftError &error) {
  const Answer usual = AnswerAfter(plugin, known.input, 0);
  const Answer found = AnswerAfter(plugin, known.input, error.value);
  if (!usual.result.ok() || Same(usual, found)) return "";
  if (!IsProven(plugin, known.input, error.value, usual, found)) return "";
  const std::string left = std::string(" while errno was ") + error.name + ", which earlier code had left: ";
  const std::string as = "as when errno was 0";
  if (!Same(usual.made, found.made)) return "new" + left + "it " + DifferenceOf(found.made, usual.made, as);
  return "In a call with the input " + Quote(known.input.substr(0, kShown)) + left + "it " +
         DifferenceOf(found.result, usual.result, as);
}

void Errno(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  report.Stage("calls while errno is 0");
  errno = 0;
  const std::vector<Known> known = KnownResults(plugin, VariedInputs(plugin.options()));
  if (known.empty()) report.Skip("no result is the same each time, so there is nothing to compare");
  Budget budget(kEnough);
  for (const Known &one : known) {
    for (const LeftError &error : kErrors) {
      if (budget.spent()) return;
      report.Stage(std::string("new and a call while errno is ") + error.name);
      const std::string found = FindingAfter(plugin, one, error);
      if (!found.empty()) return report.Finding(found, one.input, "input");
    }
  }
}

/* The first character of the result of an attempt. */
constexpr char kSame = 's', kDiffers = 'd';
/* The inputs whose results are compared. */
constexpr size_t kMostKnown = 3;
constexpr int kProofs = 2;

bool Refused(const CallResult &result) {
  return result.outcome > TENON_OK && result.outcome <= TENON_CLOSED && result.outcome != TENON_PANIC;
}

/* Returns the difference of a later result. A plugin that does not declare to be deterministic may count errors in
 * its results, but the instances must stay usable. */
std::string LaterDifference(const Plugin &plugin, const Known &known, const CallResult &found) {
  if (found.ok() && !plugin.has_flag(TENON_DETERMINISTIC)) return "";
  return DifferenceFrom(known, found, "as before");
}

/* Makes the call, one that fails, and the same call again: in this instance and in a new one. `fails` is false for the
 * control, in which a call that succeeds takes the place of the one that fails. */
std::string CallAround(Plugin &plugin, const Known &known, const std::string &failing, bool fails) {
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  if (!instance.ok() || !Same(instance.Call(known.input), known.result)) return "";
  const CallResult failed = instance.Call(fails ? failing : known.input);
  if (fails && !Refused(failed)) return "";
  const std::string call = "A call with " + Quote(known.input.substr(0, kShown));
  const std::string after = " failed with " + Quote(failing.substr(0, kShown)) + ": it ";
  const CallResult next = instance.Call(known.input);
  std::string difference = LaterDifference(plugin, known, next);
  if (!difference.empty()) return call + " after one that" + after + difference.substr(3);
  Instance fresh(plugin, host.get(), plugin.options().config);
  if (!fresh.ok()) return "";
  difference = LaterDifference(plugin, known, fresh.Call(known.input));
  if (!difference.empty())
    return call + " of a new instance after a call of another one" + after + difference.substr(3);
  return "";
}

/* Tries all inputs from number `from` on. Returns the number of the first one that makes a difference, and the
 * difference. */
std::string TryFailures(Plugin &plugin, const std::vector<std::string> &inputs, size_t from, bool fails) {
  std::vector<std::string> usual = plugin.options().inputs;
  if (usual.empty()) usual.push_back(plugin.options().input());
  usual.resize(std::min(usual.size(), kMostKnown));
  const std::vector<Known> known = KnownResults(plugin, usual);
  Budget budget(kEnough);
  for (size_t i = from; i < inputs.size() && !budget.spent(); i++) {
    for (const Known &one : known) {
      const std::string found = CallAround(plugin, one, inputs[i], fails);
      if (!found.empty()) return kDiffers + std::to_string(i) + " " + found;
    }
  }
  return std::string(1, kSame);
}

bool Differs(const ChildEnd &end) {
  return end.finished && end.text[0] == kDiffers;
}

void SameAfterFailure(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  if (CountThreads() > 1)
    report.Skip("it has started threads when it was loaded, so it cannot be tried in copies");
  report.Stage("calls before and after one that fails");
  const std::vector<std::string> inputs = InputsToTry(plugin.options());
  const auto attempt = [&](size_t from, bool fails) {
    return RunInChild([&, from, fails] { return TryFailures(plugin, inputs, from, fails); });
  };
  const ChildEnd end = attempt(0, true);
  if (!Differs(end)) return;
  size_t end_of_number = 0;
  const size_t number = std::stoull(end.text.substr(1), &end_of_number);
  for (int i = 0; i < kProofs; i++)
    if (Differs(attempt(number, false)) || attempt(number, true).text != end.text) return;
  report.Finding(end.text.substr(end_of_number + 2), inputs[number], "input");
}

}  // namespace

const ScenarioEntry kCallHistoryScenarios[] = {
    {"calls/errno", Errno},
    {"calls/same-after-failure", SameAfterFailure},
    {nullptr, nullptr},
};

}  // namespace tenon::check
