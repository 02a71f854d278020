/* Scenarios of group `sanitize`: what a plugin does all day, under the eyes of the sanitizer that it was
 * built with. The runtime writes the reports; src/check/sanitize reads them. */
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
  plugin.report().Stage("looking for memory that nothing points to");
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

/* Instances of their own may always be used at the same time. */
void SideBySide(Plugin &plugin) {
  plugin.report().Stage("instances on several threads at the same time");
  OnThreads([&] {
    Host host;
    Instance instance(plugin, host.get(), plugin.options().config);
    if (instance.ok()) CallMany(plugin, instance);
  });
}

/* One instance, handed from thread to thread; called from all of them at once only if it says that it may be.
 */
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
