/* Scenarios of group `sanitize`: ordinary use of a plugin that was built with a sanitizer. The runtime writes
 * the reports, and src/check/sanitize reads them. */
#include <fcntl.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "check/facts.h"
#include "check/on_thread.h"
#include "check/sanitizer.h"
#include "check/scenarios.h"
#include "check/trial.h"

namespace tenon::check {
namespace {

constexpr int kLives = 3;
constexpr int kThreads = 4;
constexpr int kCallsOfThread = 50;

/* Returns true if a host would call the instance again. */
bool IsUsable(const CallResult &result) {
  return result.kept_contract() && result.outcome != TENON_PANIC;
}

/* Writes a result to the system. valgrind checks that all of it was initialised, and says where it was not. */
void Publish(const CallResult &result) {
  static const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  ssize_t written = write(nothing, result.bytes.data(), result.bytes.size());
  (void)written;
}

/* Makes calls that succeed and calls that fail: paths of failures leak too. */
void LiveOnce(Plugin &plugin, Host &host) {
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  CallOften(plugin, instance);
  std::vector<std::string> inputs = {"", "x"};
  for (const OddInput &odd : OddInputs(plugin.options().input())) inputs.push_back(odd.bytes);
  for (const std::string &input : inputs) {
    CallResult result = instance.Call(input);
    Publish(result);
    if (!IsUsable(result)) return;
  }
  Publish(instance.Call(plugin.options().input()));
}

/* Fails to make instances, with configs that no plugin accepts. */
void FailToLive(Plugin &plugin, Host &host) {
  for (const char *config : {"nonsense", "{", "[1,", "\xff\xfe"}) {
    Instance instance(plugin, host.get(), config);
  }
}

void Lives(Plugin &plugin) {
  plugin.Load();
  plugin.report().Stage("new, calls and drop");
  Host host;
  for (int i = 0; i < kLives; i++) LiveOnce(plugin, host);
  for (int i = 0; i < kLives; i++) FailToLive(plugin, host);
}

void Address(Plugin &plugin) {
  Lives(plugin);
  plugin.report().Stage("looking for leaked memory");
  LookForLeaks();
}

template <typename Work>
void OnThreads(Work work) {
  std::vector<Thread> threads;
  for (int i = 0; i < kThreads; i++) threads.emplace_back(work);
  for (Thread &thread : threads) thread.Join();
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
  for (int i = 0; i < kThreads; i++) Thread([&] { CallMany(plugin, instance); }).Join();
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
    {"sanitize/valgrind", Lives},
    {nullptr, nullptr},
};

}  // namespace tenon::check
