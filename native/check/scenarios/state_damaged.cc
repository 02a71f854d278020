/* The scenario of group `state` that restores damaged states. */
#include <string.h>

#include "check/clock.h"
#include "check/lives.h"
#include "check/random.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

/* The time for all damaged states together, in milliseconds. */
constexpr uint64_t kEnough = 10000;
/* A problem is a finding only if it is in each of these attempts: a plugin may change its state by itself. */
constexpr int kAttempts = 3;
/* Formats that no version of a plugin uses. */
constexpr uint32_t kUnknownFormats[] = {0xfffffffe, 0x7ffffffd};
/* The places of a state that are damaged one at a time. */
constexpr size_t kPlaces = 64;

struct Damage {
  enum Due {
    kUnknownFormat, /* must be refused as not supported */
    kDamaged,       /* must be refused, unless save returns it again: then all bytes are a state */
    kAny            /* may be another state */
  };
  std::string what; /* "a state without its last byte" */
  SavedState state;
  Due due;
};

std::vector<Damage> DamagesOf(const SavedState &saved, Random &random) {
  const std::string &data = saved.data;
  std::vector<Damage> all;
  for (const uint32_t format : kUnknownFormats)
    all.push_back(
        {"a state of the format " + std::to_string(format), {format, data}, Damage::kUnknownFormat});
  const auto add = [&](const std::string &what, const std::string &bytes,
                       Damage::Due due = Damage::kDamaged) {
    if (bytes != data) all.push_back({what, {saved.format, bytes}, due});
  };
  const auto noise = [&](size_t size) {
    std::string bytes(size, '\0');
    for (char &byte : bytes) byte = static_cast<char>(random.Byte());
    return bytes;
  };
  add("a state without data", "");
  if (!data.empty()) add("a state without its last byte", data.substr(0, data.size() - 1));
  add("the first half of a state", data.substr(0, data.size() / 2));
  add("a state with one byte more", data + '\xff');
  add("a state with its data twice", data + data);
  add("a state of as many bytes of 0xff", std::string(data.size(), '\xff'));
  add("a state of as many random bytes", noise(data.size()));
  add("a state of 64 random bytes", noise(64));
  add("a state of 100000 random bytes", noise(100000));
  for (size_t i = 0; i < kPlaces && !data.empty(); i++) {
    const size_t at = data.size() <= kPlaces ? i % data.size() : random.Below(data.size());
    std::string flipped = data;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random.Below(8)));
    add("a state whose byte " + std::to_string(at) + " has another bit", flipped, Damage::kAny);
  }
  /* A length or a count in the data may be at any of these places. */
  for (size_t at = 0; at + 4 <= data.size() && at < 4 * kPlaces; at += 4) {
    std::string longer = data;
    longer.replace(at, 4, 4, '\xff');
    add("a state with 4 bytes of 0xff at byte " + std::to_string(at), longer, Damage::kAny);
  }
  return all;
}

/* Returns what is wrong with the status by which a damaged state is refused. Empty if nothing is. */
std::string WrongRefusal(const Damage &damage, const CallResult &result) {
  const bool right = damage.due == Damage::kUnknownFormat
                         ? result.status == TENON_UNSUPPORTED
                         : result.status == TENON_INVALID || result.status == TENON_UNSUPPORTED ||
                               result.status == TENON_NO_MEMORY;
  if (right) return "";
  return "restore of " + damage.what + " returned the status " + std::to_string(result.status) + " with " +
         Quote(result.bytes.substr(0, 200)) + ", expected " +
         (damage.due == Damage::kUnknownFormat ? "TENON_UNSUPPORTED" : "TENON_INVALID");
}

/* Returns what is wrong with an instance that accepted a damaged state. Empty if nothing is. */
std::string WrongAcceptance(Plugin &plugin, Instance &instance, const StateMethods &methods,
                            const Damage &damage) {
  if (damage.due == Damage::kUnknownFormat)
    return "restore accepted " + damage.what + ", which save never returns, expected TENON_UNSUPPORTED";
  if (damage.due == Damage::kAny) return "";
  std::string record;
  SavedState again;
  if (!Save(plugin, instance, methods, "after restore of " + damage.what, &record)) return "";
  if (ReadState(record, &again) && again.format == damage.state.format && again.data == damage.state.data)
    return "";
  return "restore accepted " + damage.what + ", and save then returned " + std::to_string(again.data.size()) +
         " other bytes, expected TENON_INVALID";
}

/* Restores a damaged state at the end of the readable memory, and goes on with the instance. Returns what is wrong. */
std::string TryDamage(Plugin &plugin, const StateMethods &methods, const Damage &damage) {
  Report &report = plugin.report();
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  const std::string record = RecordOf(damage.state);
  report.Stage("restore of " + damage.what);
  const CallResult result = instance.Call(methods.restore, LastingGuarded(record).data(), record.size());
  std::string problem = Breach(result);
  if (!problem.empty())
    problem = "In restore of " + damage.what + ": " + problem;
  else
    problem = result.ok() ? WrongAcceptance(plugin, instance, methods, damage) : WrongRefusal(damage, result);
  if (!problem.empty()) return problem;
  report.Stage("call after restore of " + damage.what);
  const std::string breach = Breach(instance.Call(plugin.options().input()));
  return breach.empty() ? "" : "In a call after restore of " + damage.what + ": " + breach;
}

void RefusesDamage(Plugin &plugin) {
  constexpr size_t kMostFindings = 5;
  const StateMethods methods = RequireState(plugin);
  Life life;
  if (!Live(plugin, methods, CallsOfLife(plugin), &life)) return;
  SavedState saved;
  ReadState(life.saved, &saved);
  Random random(plugin.options().seed, 14);
  Budget budget(kEnough);
  for (const Damage &damage : DamagesOf(saved, random)) {
    if (budget.spent() || plugin.report().findings() >= kMostFindings) return;
    std::string problem = TryDamage(plugin, methods, damage);
    for (int i = 1; i < kAttempts && !problem.empty(); i++) problem = TryDamage(plugin, methods, damage);
    if (!problem.empty()) plugin.report().Finding(problem, RecordOf(damage.state), "input");
  }
}

}  // namespace

const ScenarioEntry kStateDamageScenarios[] = {
    {"state/damaged", RefusesDamage},
    {nullptr, nullptr},
};

}  // namespace tenon::check
