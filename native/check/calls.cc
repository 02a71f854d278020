/* Scenarios of group `calls`: bytes in, bytes out. */
#include "scenarios.h"

namespace tenon::check {
namespace {

void Plain(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  Host host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  report.Stage("call with the usual input");
  std::string breach = Breach(instance.Call(plugin.options().input()));
  if (!breach.empty()) report.Finding(breach);
  report.Stage("drop");
}

}  // namespace

const ScenarioEntry kCallScenarios[] = {
    {"calls/plain", Plain},
    {nullptr, nullptr},
};

}  // namespace tenon::check
