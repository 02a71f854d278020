/* Scenarios of group `abi`: what the entry points, the vtable and the extensions say. */
#include "crash_record.h"
#include "scenarios.h"

namespace tenon::check {
namespace {

void LoadOnly(Plugin &plugin) {
  plugin.report().Stage("loading the library");
  plugin.Expect(plugin.gates().Open(plugin.options().file.c_str()));
  SetCrashCode(plugin.gates().entry());
}

void Load(Plugin &plugin) {
  LoadOnly(plugin);
}

void Version(Plugin &plugin) {
  LoadOnly(plugin);
  plugin.report().Stage("get_version");
  plugin.Expect(plugin.gates().Version());
  const std::string &version = plugin.gates().version();
  if (version != TENON_ABI_VERSION)
    plugin.report().Finding("get_version returned " + Quote(version) +
                            ", expected \"" TENON_ABI_VERSION "\"");
}

void Name(Plugin &plugin) {
  LoadOnly(plugin);
  plugin.report().Stage("get_name");
  plugin.Expect(plugin.gates().Version() && plugin.gates().Name());
}

void Vtable(Plugin &plugin) {
  plugin.Load();
}

}  // namespace

const ScenarioEntry kAbiScenarios[] = {
    {"abi/load", Load},     {"abi/version", Version}, {"abi/name", Name},
    {"abi/vtable", Vtable}, {nullptr, nullptr},
};

}  // namespace tenon::check
