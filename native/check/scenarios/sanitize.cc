/* Scenarios of group `sanitize`: ordinary use of a plugin that was built with a sanitizer. The runtime writes
 * the reports, and src/check/sanitize reads them. */
#include <thread>
#include <vector>

#include "check/facts.h"
#include "check/sanitizer.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr int kLives = 3;
constexpr int kThreads = 4;
constexpr int kCallsOfThread = 50;

void LiveOnce(Plugin &plugin, Host &host) {
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  CallOften(plugin, instance);
  instance.Call("");
  instance.Call(std::string(1, 'x'));
  instance.Call(plugin.options().input());
}

void Lives(Plugin &plugin) {
  plugin.Load();
  plugin.report().Stage("new, calls and drop");
  Host host;
  for (int i = 0; i < kLives; i++) LiveOnce(plugin, host);
}

void Address(Plugin &plugin) {
  Lives(plugin);
  plugin.report().Stage("looking for leaked memory");
  LookForLeaks();
}

template <typename Work>
void OnThreads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; i++) threads.emplace_back(work);
  for (std::thread &thread : threads) thread.join();
}

void CallMany(Plugin &plugin, Instance &instance) {
  for (int i = 0; i < kCallsOfThread; i++) instance.Call(plugin.options().input());
}

/* Uses several instances at the same time, which is always allowed. */
void SideBySide(Plugin &plugin) {
  plugin.report().Stage("instances on several threads at the same time");
  OnThreads([&] {
    Host host;
    Instance instance(plugin, host.get(), plugin.options().config);
    if (instance.ok()) CallMany(plugin, instance);
  });
}

/* Uses one instance on several threads, one after the other. Calls it on all of them at once only if it
 * declares TENON_THREAD_SAFE. */
void Shared(Plugin &plugin) {
  Host host;
  plugin.report().Stage("one instance on several threads, one after the other");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  for (int i = 0; i < kThreads; i++) std::thread([&] { CallMany(plugin, instance); }).join();
  if (!plugin.has_flag(TENON_THREAD_SAFE)) return;
  plugin.report().Stage("one instance on several threads at the same time");
  OnThreads([&] { CallMany(plugin, instance); });
}

void Threads(Plugin &plugin) {
  Lives(plugin);
  Shared(plugin);
  if (!plugin.has_flag(TENON_SINGLETON)) SideBySide(plugin);
}

}  // namespace

const ScenarioEntry kSanitizeScenarios[] = {
    {"sanitize/address", Address},
    {"sanitize/undefined", Lives},
    {"sanitize/thread", Threads},
    {nullptr, nullptr},
};

}  // namespace tenon::check
