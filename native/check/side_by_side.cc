#include "check/side_by_side.h"

#include <memory>

#include "check/clock.h"

namespace tenon::check {
namespace {

/* The number of calls of each instance. A slow instance gets fewer. */
constexpr size_t kLeastCalls = 2, kMostCalls = 4;
constexpr uint64_t kEnough = 500;
/* The number of repetitions that must all differ, so that a difference by chance is not a finding. */
constexpr int kProofs = 3;

using Answers = std::vector<CallResult>;

bool Same(const CallResult &a, const CallResult &b) {
  return a.outcome == b.outcome && a.bytes == b.bytes;
}

bool Same(const Answers &a, const Answers &b) {
  for (size_t i = 0; i < a.size(); i++) {
    if (i >= b.size() || !Same(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

/* Returns the results of `new` and of a few calls; of fewer calls if they are slow. */
Answers LiveAlone(Plugin &plugin, const tenon_plugin &vtable, size_t least, size_t most) {
  const Options &options = plugin.options();
  plugin.report().Stage("new and calls of a single instance");
  Host &host = *new Host;
  Instance instance(vtable, host.get(), options.config.data(), options.config.size());
  Answers answers = {instance.made()};
  Budget budget(kEnough);
  for (size_t i = 0; i < most && instance.ok(); i++) {
    if (i >= least && budget.spent()) break;
    answers.push_back(instance.Call(options.input()));
  }
  return answers;
}

std::vector<Answers> LiveTogether(Plugin &plugin, const std::vector<const tenon_plugin *> &vtables,
                                  size_t calls, const std::string &which) {
  const Options &options = plugin.options();
  std::vector<Answers> all;
  Host &host = *new Host;
  std::vector<std::unique_ptr<Instance>> instances;
  plugin.report().Stage("new of an instance " + which);
  for (const tenon_plugin *vtable : vtables) {
    instances.emplace_back(new Instance(*vtable, host.get(), options.config.data(), options.config.size()));
    all.push_back({instances.back()->made()});
  }
  plugin.report().Stage("calls of an instance " + which);
  for (size_t i = 0; i < calls; i++) {
    for (size_t k = 0; k < instances.size(); k++) {
      if (instances[k]->ok()) all[k].push_back(instances[k]->Call(options.input()));
    }
  }
  plugin.report().Stage("drop of an instance " + which);
  for (auto &instance : instances) instance->Drop();
  return all;
}

std::string Difference(const Answers &alone, const Answers &together, const std::string &which) {
  for (size_t i = 0; i < alone.size(); i++) {
    if (i < together.size() && Same(alone[i], together[i])) continue;
    const CallResult &found = i < together.size() ? together[i] : together.back();
    std::string what =
        i == 0 ? "new of an instance " + which : "Call " + std::to_string(i) + " of an instance " + which;
    return what + " returned " + std::to_string(found.status) + " with " + Quote(found.bytes) +
           ", expected " + std::to_string(alone[i].status) + " with " + Quote(alone[i].bytes) +
           " as from a single instance";
  }
  return "";
}

}  // namespace

void LiveSideBySide(Plugin &plugin, const std::vector<const tenon_plugin *> &vtables,
                    const std::string &which) {
  std::string difference;
  for (int i = 0; i < kProofs; i++) {
    Answers alone = LiveAlone(plugin, *vtables[0], kLeastCalls, kMostCalls);
    size_t calls = alone.size() - 1;
    std::vector<Answers> together = LiveTogether(plugin, vtables, calls, which);
    if (!Same(alone, LiveAlone(plugin, *vtables[0], calls, calls))) return;
    difference.clear();
    for (const Answers &answers : together) {
      if (difference.empty()) difference = Difference(alone, answers, which);
    }
    if (difference.empty()) return;
  }
  plugin.report().Finding(difference);
}

}  // namespace tenon::check
