/* Scenarios of group `lifecycle`: instances, from `new` to `drop`. */
#include "scenarios.h"

namespace tenon::check {
namespace {

void New(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  Host host;
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

}  // namespace

const ScenarioEntry kLifecycleScenarios[] = {
    {"lifecycle/new", New},
    {nullptr, nullptr},
};

}  // namespace tenon::check
