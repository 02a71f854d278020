/* Scenarios of group `resources` about time. A busy machine must not cause a finding, so a finding requires an
 * extreme time that occurs more than once. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/uninterrupted.h"
#include "check/clock.h"
#include "check/failure.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

std::string Text(double value) {
  char text[32];
  snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

constexpr double kLongestLoad = 100e6;
constexpr int kLoads = 3;
constexpr size_t kCalls = 1000;
constexpr double kCallsBudget = 0.4e9;
/* The nanoseconds, and the factor over the usual time, that a busy machine does not explain. */
constexpr double kOutlier = 500e6, kOutlierRatio = 1000;

/* Returns the time of loading the library in a child process that has not loaded it before. Negative if that
 * failed. */
double TimeOfLoad(const Plugin &plugin) {
  int ends[2];
  if (pipe(ends) != 0) FailChecker("make a pipe", errno);
  pid_t child = fork();
  if (child < 0) FailChecker("start a process", errno);
  if (child == 0) {
    uint64_t began = Now();
    bool loaded = Gates().Open(plugin.options().file.c_str());
    double spent = loaded ? Since(began) : -1;
    _exit(write(ends[1], &spent, sizeof(spent)) == sizeof(spent) ? 0 : 1);
  }
  close(ends[1]);
  double spent;
  if (Uninterrupted([&] { return read(ends[0], &spent, sizeof(spent)); }) != sizeof(spent)) spent = -1;
  close(ends[0]);
  Uninterrupted([&] { return waitpid(child, nullptr, 0); });
  return spent;
}

/* Uses the least of several times: a busy machine can only add to the time of the plugin. */
void LoadTime(Plugin &plugin) {
  plugin.report().Stage("loading the library in child processes");
  double least = -1;
  for (int i = 0; i < kLoads && (i == 0 || least > kLongestLoad); i++) {
    double time = TimeOfLoad(plugin);
    if (time < 0) plugin.report().Incomplete("the library could not be loaded in a child process");
    least = i == 0 ? time : std::min(least, time);
  }
  plugin.report().Values("time of load", "ms", {least / 1e6});
  if (least > kLongestLoad)
    plugin.report().Finding("Loading the library took " + Text(least / 1e6) + " ms in the best of " +
                            std::to_string(kLoads) + " attempts, expected at most 100 ms");
}

std::vector<double> TimeCalls(Plugin &plugin, Instance &instance) {
  std::vector<double> times;
  times.reserve(kCalls);
  uint64_t began = Now();
  while (times.size() < kCalls && Since(began) < kCallsBudget) {
    uint64_t before = Now();
    instance.Call(plugin.options().input());
    times.push_back(Since(before));
  }
  return times;
}

/* Returns the time of the slowest call if it is extreme, otherwise 0. */
double Outlier(const std::vector<double> &times) {
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  double slowest = sorted.back(), usual = sorted[sorted.size() / 2];
  return slowest > kOutlier && slowest > kOutlierRatio * usual ? slowest : 0;
}

void CallTime(Plugin &plugin) {
  plugin.Load();
  Host host;
  plugin.report().Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  plugin.report().Stage("many calls of one instance");
  std::vector<double> times = TimeCalls(plugin, instance);
  plugin.report().Values("time of a call", "ns", times);
  if (times.size() < 2 || Outlier(times) == 0) return;
  /* A single slow call may be an accident. */
  std::vector<double> again = TimeCalls(plugin, instance);
  double slowest = Outlier(again);
  if (slowest != 0)
    plugin.report().Finding(
        "One of " + std::to_string(again.size()) + " calls took " + Text(slowest / 1e6) +
        " ms, and so did a call of the run before. Most calls are a thousand times faster");
}

}  // namespace

const ScenarioEntry kTimeScenarios[] = {
    {"resources/load-time", LoadTime},
    {"resources/call-time", CallTime},
    {nullptr, nullptr},
};

}  // namespace tenon::check
