/* Scenarios of group `resources` about what calls with odd inputs, calls that fail and `new` that fails leave
 * behind. Which inputs and configs the plugin refuses is tried in child processes first. */
#include <memory>

#include "check/growth.h"
#include "check/rehearsal.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

using One = std::function<void(const std::string &input)>;

/* The growth per operation above which an input is reported. It is far above the noise of an allocator. */
constexpr double kNamed = 8;
constexpr size_t kShown = 48;

std::string Shown(const std::string &input) {
  if (input.size() <= kShown) return Quote(input);
  return Quote(input.substr(0, kShown)) + " and " + std::to_string(input.size() - kShown) + " more bytes";
}

/* Reports the input whose operations leave the most memory. src/check/leaks.ts adds it to its finding. */
void NameWorst(Plugin &plugin, const char *what, const std::vector<std::string> &inputs, const One &one) {
  double most = kNamed;
  const std::string *worst = nullptr;
  for (const std::string &input : inputs) {
    double left = BytesLeftByEach([&] { one(input); });
    if (left > most) most = left, worst = &input;
  }
  if (worst == nullptr) return;
  plugin.report().Values(("left by each " + std::string(what) + " " + Shown(*worst)).c_str(), "bytes",
                         {most});
}

/* Returns the end of a message that names the first input whose operations make `count` grow. */
std::string Guilty(const char *what, const std::vector<std::string> &inputs, const One &one,
                   const std::function<size_t()> &count) {
  constexpr size_t kTimes = 4;
  for (const std::string &input : inputs) {
    const size_t before = count();
    for (size_t i = 0; i < kTimes; i++) one(input);
    if (count() >= before + kTimes)
      return ", among them those of a " + std::string(what) + " " + Shown(input);
  }
  return "";
}

/* Counts what rounds over all inputs leave. `what` describes one operation: "call with the input". */
void Account(Plugin &plugin, const std::string &over, const char *what,
             const std::vector<std::string> &inputs, const One &one) {
  const bool several = inputs.size() > 1;
  const Repeated rounds = {several ? "rounds of " + std::to_string(inputs.size()) + " " + over : over,
                           [&] {
                             for (const std::string &input : inputs) one(input);
                           },
                           several, [&](const auto &count) { return Guilty(what, inputs, one, count); }};
  if (CountDescriptors(plugin, rounds) || CountThreadsLeft(plugin, rounds)) return;
  MeasureMemory(plugin, rounds);
  if (plugin.options().longer > 1) NameWorst(plugin, what, inputs, one);
}

/* Calls one instance, or the next one after a call that made it unusable. */
class Caller {
 public:
  explicit Caller(Plugin &plugin) : plugin_(plugin) { Make(); }
  void Call(const std::string &input) {
    int32_t outcome = instance_->Call(input).outcome;
    if (outcome < TENON_OK || outcome == TENON_PANIC || outcome == TENON_POISONED) Make();
  }

 private:
  void Make() {
    instance_ = std::make_unique<Instance>(plugin_, host_.get(), plugin_.options().config);
    plugin_.RequireInstance(*instance_);
  }

  Plugin &plugin_;
  Host host_;
  std::unique_ptr<Instance> instance_;
};

Prepare CallsOf(Plugin &plugin) {
  return [&plugin]() -> Attempt {
    plugin.Load();
    Host &host = *new Host;
    return [&plugin, &host](const std::string &input) {
      Instance instance(plugin, host.get(), plugin.options().config);
      return instance.ok() ? instance.Call(input) : CallResult{kBadStatus, 0, ""};
    };
  };
}

/* Accounts for calls of one instance with the inputs that have the fate. */
void OverInputs(Plugin &plugin, Fate fate, const std::string &over, const char *none) {
  plugin.report().Stage("looking for inputs");
  const std::vector<std::string> inputs =
      InputsWith(fate, plugin, InputsToTry(plugin.options()), CallsOf(plugin));
  if (inputs.empty()) plugin.report().Skip(none);
  plugin.Load();
  plugin.report().Stage("new");
  Caller caller(plugin);
  plugin.report().Stage(over);
  Account(plugin, over, "call with the input", inputs, [&](const std::string &input) { caller.Call(input); });
  plugin.report().Stage("drop after " + over);
}

void FailingCalls(Plugin &plugin) {
  OverInputs(plugin, Fate::kRefused, "failing calls", "no input was found that makes a call fail");
}

void OddInputCalls(Plugin &plugin) {
  OverInputs(plugin, Fate::kAccepted, "calls with odd inputs", "it accepts no odd input");
}

void FailingNew(Plugin &plugin) {
  plugin.report().Stage("looking for configs that new refuses");
  const Prepare prepare = [&plugin]() -> Attempt {
    plugin.Load();
    Host &host = *new Host;
    return
        [&plugin, &host](const std::string &config) { return Instance(plugin, host.get(), config).made(); };
  };
  const std::vector<std::string> configs =
      InputsWith(Fate::kRefused, plugin, ConfigsToTry(plugin.options()), prepare);
  if (configs.empty()) plugin.report().Skip("new accepts every config that was tried");
  plugin.Load();
  Host host;
  plugin.report().Stage("new with configs that it refuses");
  Account(plugin, "failing calls of new", "new with the config", configs,
          [&](const std::string &config) { Instance(plugin, host.get(), config); });
}

}  // namespace

const ScenarioEntry kFailingLeakScenarios[] = {
    {"resources/failing-calls", FailingCalls},
    {"resources/failing-new", FailingNew},
    {"resources/odd-inputs", OddInputCalls},
    {nullptr, nullptr},
};

}  // namespace tenon::check
