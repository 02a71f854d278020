#include "check/rehearsal.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/uninterrupted.h"
#include "check/clock.h"
#include "check/corpus.h"
#include "check/mutate.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* The time for one input, and for all of them together, in milliseconds. */
constexpr int kLongest = 2000;
constexpr uint64_t kEnough = 2500;
/* The number of inputs with the same status and message: they probably take the same path. */
constexpr size_t kAlike = 2;
constexpr size_t kMost = 12;
/* Not the seed of the user: the same inputs are tried in every run. */
constexpr uint64_t kSeed = 1;
constexpr size_t kGenerated = 48;

struct Outcome {
  Fate fate = Fate::kUnknown;
  size_t alike = 0; /* a digest of status and message */
};

Outcome OutcomeOf(const CallResult &result) {
  if (!result.kept_contract() || result.outcome >= TENON_PANIC) return {};
  std::string text = std::to_string(result.outcome);
  if (result.ok()) return {Fate::kAccepted, std::hash<std::string>()(text)};
  /* Messages often contain positions and lengths. */
  for (char byte : result.bytes) text += isdigit(static_cast<unsigned char>(byte)) ? '0' : byte;
  return {Fate::kRefused, std::hash<std::string>()(text)};
}

[[noreturn]] void TryInChild(Plugin &plugin, const std::vector<std::string> &inputs, size_t from, int out,
                             const Prepare &prepare) {
  plugin.report().Silence();
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS}) signal(fault, SIG_DFL);
  try {
    Attempt attempt = prepare();
    for (size_t i = from; i < inputs.size(); i++) {
      Outcome outcome = OutcomeOf(attempt(inputs[i]));
      if (write(out, &outcome, sizeof(outcome)) != sizeof(outcome)) break;
    }
  } catch (const Report::End &) {
    /* A gate refused the plugin. Other checks report that. */
  }
  _exit(0);
}

/* Reads one outcome. Returns false if the child ended, or did not answer in time. */
bool Receive(int in, Outcome *outcome) {
  pollfd one = {in, POLLIN, 0};
  return PollFor(&one, kLongest) &&
         Uninterrupted([&] { return read(in, outcome, sizeof(*outcome)); }) == sizeof(*outcome);
}

/* Tries the inputs from number `from` on, until one ends the child. Returns the number of the next input. */
size_t TrySome(Plugin &plugin, const std::vector<std::string> &inputs, size_t from, const Prepare &prepare,
               const Budget &budget, std::vector<Outcome> *outcomes) {
  int ends[2];
  if (pipe(ends) != 0) plugin.report().Incomplete("no pipe could be made");
  pid_t child = fork();
  if (child < 0) plugin.report().Incomplete("no process could be started");
  if (child == 0) TryInChild(plugin, inputs, from, ends[1], prepare);
  close(ends[1]);
  while (from < inputs.size() && !budget.spent()) {
    if (!Receive(ends[0], &(*outcomes)[from++])) break;
  }
  kill(child, SIGKILL);
  Uninterrupted([&] { return waitpid(child, nullptr, 0); });
  close(ends[0]);
  return from;
}

}  // namespace

std::vector<std::string> InputsWith(Fate fate, Plugin &plugin, const std::vector<std::string> &inputs,
                                    const Prepare &prepare) {
  std::vector<Outcome> outcomes(inputs.size());
  Budget budget(kEnough);
  for (size_t next = 0; next < inputs.size() && !budget.spent();)
    next = TrySome(plugin, inputs, next, prepare, budget, &outcomes);
  std::map<size_t, size_t> chosen;
  std::vector<std::string> found;
  for (size_t i = 0; i < inputs.size() && found.size() < kMost; i++) {
    const Outcome &outcome = outcomes[i];
    size_t most = fate == Fate::kAccepted ? kMost : kAlike;
    if (outcome.fate == fate && chosen[outcome.alike]++ < most) found.push_back(inputs[i]);
  }
  return found;
}

std::vector<std::string> InputsToTry(const Options &options) {
  std::vector<std::string> inputs = {"", "x", "{", std::string(1, '\0'), "\xff"};
  for (const OddInput &odd : OddInputs(options.input())) inputs.push_back(odd.bytes);
  Corpus corpus;
  ReadCorpus(options, &corpus);
  for (size_t i = 0; i < kGenerated; i++)
    inputs.push_back(MakeInput(corpus, kSeed, corpus.examples.size() + i));
  return inputs;
}

std::vector<std::string> ConfigsToTry(const Options &options) {
  const std::string &config = options.config;
  std::vector<std::string> configs = {
      "nonsense", "{\"\":",   "[[1",           "{\"a member that no plugin has\":[1]}",
      "\xff",     "",         "null",          "[]",
      "{}",       "\"text\"", config + config, config.substr(0, config.size() / 2)};
  Corpus corpus;
  ReadCorpus(options, &corpus);
  for (size_t i = 1; i <= kGenerated; i++) configs.push_back(MakeConfig(corpus, config, kSeed, i));
  return configs;
}

}  // namespace tenon::check
