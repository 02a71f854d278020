/* Scenarios of group `fuzz`: generated inputs, configs, and inputs of methods. */
#include <memory>

#include "check/fuzz_session.h"
#include "check/methods.h"
#include "check/mutate.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* The number of calls of an instance, so that state that it keeps between calls is tested too. */
constexpr uint64_t kCallsOfOne = 32;

/* An instance with the usual config. It is recreated from time to time. */
class Worker {
 public:
  explicit Worker(Plugin &plugin) : plugin_(plugin) {}

  Instance &For(uint64_t number) {
    if (instance_ == nullptr || number % kCallsOfOne == 0) {
      instance_.reset();
      instance_ = std::make_unique<Instance>(plugin_, host_.get(), plugin_.options().config);
      plugin_.RequireInstance(*instance_);
    }
    return *instance_;
  }

 private:
  Plugin &plugin_;
  Host host_;
  std::unique_ptr<Instance> instance_;
};

/* Loads the plugin and begins a session, which is never destroyed. */
FuzzSession &Begin(Plugin &plugin, const char *stage) {
  plugin.report().Stage(stage);
  return *new FuzzSession(plugin);
}

void Inputs(Plugin &plugin) {
  plugin.Load();
  FuzzSession &session = Begin(plugin, "calls with generated inputs");
  Worker worker(plugin);
  session.Run([&](uint64_t number) { return MakeInput(session.corpus(), plugin.options().seed, number); },
              [](uint64_t) { return "a call"; },
              [&](const MadeUp &input) {
                session.Judge(worker.For(input.number).Call(input.data, input.size), "A call");
              });
}

void Configs(Plugin &plugin) {
  plugin.Load();
  FuzzSession &session = Begin(plugin, "new with generated configs");
  Host host;
  const Options &options = plugin.options();
  session.Run(
      [&](uint64_t number) { return MakeConfig(session.corpus(), options.config, options.seed, number); },
      [](uint64_t) { return "new"; },
      [&](const MadeUp &config) {
        Instance instance(plugin.vtable(), host.get(), config.data, config.size);
        session.Judge(instance.made(), "new");
        if (instance.ok()) session.Judge(instance.Call(options.input()), "A call after new");
      });
}

void Methods(Plugin &plugin) {
  plugin.Load();
  std::vector<Method> methods = RequireMethods(plugin);
  FuzzSession &session = Begin(plugin, "methods of kinds with generated inputs");
  Worker worker(plugin);
  const auto method_for = [&](uint64_t number) -> const Method & { return methods[number % methods.size()]; };
  session.Run([&](uint64_t number) { return MakeInput(session.corpus(), plugin.options().seed, number); },
              [&](uint64_t number) { return method_for(number).name; },
              [&](const MadeUp &input) {
                const Method &method = method_for(input.number);
                session.Judge(worker.For(input.number).Call(method.call, input.data, input.size),
                              method.name);
              },
              methods);
}

}  // namespace

const ScenarioEntry kFuzzScenarios[] = {
    {"fuzz/input", Inputs},
    {"fuzz/config", Configs},
    {"fuzz/methods", Methods},
    {nullptr, nullptr},
};

}  // namespace tenon::check
