/* Scenarios of group `lifecycle` about the config. The plugin decides whether `new` accepts it. The contract
 * prescribes how `new` accepts or refuses it. */
#include "check/clock.h"
#include "check/guarded.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr size_t kHuge = 1 << 20;
/* The time for many configs together, in milliseconds. */
constexpr uint64_t kEnough = 3000;

/* Returns the config of the options, or an empty object for a plugin without a config. */
std::string SomeConfig(Plugin &plugin) {
  const std::string &config = plugin.options().config;
  return config.empty() ? "{}" : config;
}

/* Calls `new` with the config, and `drop` if `new` accepts it. `what` describes the config: "an empty
 * config". */
void Try(Plugin &plugin, const std::string &what, const void *config, size_t size) {
  Report &report = plugin.report();
  Host &host = *new Host;
  report.Stage("new with " + what);
  Instance instance(plugin.vtable(), host.get(), config, size);
  std::string breach = Breach(instance.made());
  if (!breach.empty())
    report.Finding("new with " + what + ": " + breach, std::string(static_cast<const char *>(config), size),
                   "config");
  report.Stage("drop after new with " + what);
  instance.Drop();
}

void Try(Plugin &plugin, const std::string &what, const std::string &config) {
  Try(plugin, what, config.data(), config.size());
}

/* Tries a config in read-only memory. Reading the byte after it raises a signal. */
void TryAtEnd(Plugin &plugin, const std::string &what, const std::string &config) {
  Guarded memory(config.size());
  memcpy(memory.data(), config.data(), config.size());
  memory.MakeReadOnly();
  Try(plugin, what, memory.data(), memory.size());
}

void EmptyConfig(Plugin &plugin) {
  plugin.Load();
  TryAtEnd(plugin, "an empty config", "");
}

void ConfigBounds(Plugin &plugin) {
  plugin.Load();
  for (const std::string &config : {SomeConfig(plugin), std::string("{\"a\":1}"), std::string("null")}) {
    TryAtEnd(plugin, "the config " + Quote(config) + " in read-only memory that ends with it", config);
  }
}

void HugeConfig(Plugin &plugin) {
  plugin.Load();
  Try(plugin, "1 MiB of white space after the config", SomeConfig(plugin) + std::string(kHuge, ' '));
  Try(plugin, "a config with a string of 1 MiB", "{\"filler\":\"" + std::string(kHuge, 'x') + "\"}");
  Try(plugin, "a config with a number of 1 MiB", "{\"filler\":" + std::string(kHuge, '7') + "}");
  std::string members = "{";
  for (size_t i = 0; members.size() < kHuge; i++) members += "\"member" + std::to_string(i) + "\":1,";
  Try(plugin, "a config with 1 MiB of members", members + "\"last\":1}");
}

void NestedConfig(Plugin &plugin) {
  plugin.Load();
  const auto repeated = [](const char *text, size_t count) {
    std::string all;
    while (count-- > 0) all += text;
    return all;
  };
  constexpr size_t kDepth = 200000;
  Try(plugin, "200 000 nested arrays as config", repeated("[", kDepth) + repeated("]", kDepth));
  Try(plugin, "200 000 nested objects as config", repeated("{\"a\":", kDepth) + "1" + repeated("}", kDepth));
}

void InvalidJson(Plugin &plugin) {
  plugin.Load();
  std::string config = SomeConfig(plugin), half = config.substr(0, config.size() / 2);
  const std::string some[] = {
      half,
      config + "}",
      config + config,
      "nonsense",
      "{",
      "}",
      "[",
      "\"",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1",
      "{\"a\":1,",
      "{,}",
      "{\"a\":01}",
      "{'a':1}",
      "{\"\\u12\":1}",
      "[1,2",
      "tru",
      "-",
      "1e",
      " ",
      "\t\n",
      ":",
      "/* */{}",
      std::string("{\0}", 3),
      std::string(1, '\0'),
  };
  Budget budget(kEnough);
  for (const std::string &one : some) {
    if (!budget.spent()) Try(plugin, "the config " + Quote(one) + ", which is not JSON", one);
  }
}

void InvalidUtf8(Plugin &plugin) {
  plugin.Load();
  const char *broken[] = {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
  Budget budget(kEnough);
  for (const std::string bytes : broken) {
    for (const std::string &config :
         {bytes, "\"" + bytes + "\"", "{\"a\":\"" + bytes + "\"}", "{\"" + bytes + "\":1}"}) {
      if (!budget.spent()) Try(plugin, "the config " + Quote(config) + ", which is not UTF-8", config);
    }
  }
  std::string config = SomeConfig(plugin);
  std::string spoilt = config.substr(0, config.size() / 2) + "\xff" + config.substr(config.size() / 2);
  Try(plugin, "the config " + Quote(spoilt) + ", which is not UTF-8", spoilt);
}

void KeptConfig(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  std::string config = SomeConfig(plugin);
  Guarded memory(config.size(), Guarded::kAtStart);
  memcpy(memory.data(), config.data(), config.size());
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin.vtable(), host.get(), memory.data(), memory.size());
  if (plugin.options().config.empty() && !instance.ok()) report.Skip("new refuses the config {}");
  plugin.RequireInstance(instance);
  memory.Forbid();
  report.Stage("calls after the memory of the config became inaccessible");
  for (int i = 0; i < 3; i++) instance.Call(plugin.options().input());
  report.Stage("drop after the memory of the config became inaccessible");
  instance.Drop();
}

}  // namespace

const ScenarioEntry kConfigScenarios[] = {
    {"lifecycle/empty-config", EmptyConfig}, {"lifecycle/config-bounds", ConfigBounds},
    {"lifecycle/huge-config", HugeConfig},   {"lifecycle/nested-config", NestedConfig},
    {"lifecycle/invalid-json", InvalidJson}, {"lifecycle/invalid-utf8", InvalidUtf8},
    {"lifecycle/kept-config", KeptConfig},   {nullptr, nullptr},
};

}  // namespace tenon::check
