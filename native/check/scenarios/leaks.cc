/* Scenarios of group `resources` that repeat calls, instances and threads many times, and measure what they leave
 * behind. Those about failures are in leaks_failing.cc. */
#include <thread>

#include "check/growth.h"
#include "check/on_thread.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

using Measure = std::function<void(Plugin &, const Repeated &)>;

/* Makes calls with all inputs in turn. */
class Caller {
 public:
  explicit Caller(Plugin &plugin)
      : options_(plugin.options()), instance_(plugin, host_.get(), options_.config) {
    plugin.RequireInstance(instance_);
  }
  void operator()() {
    size_t count = options_.inputs.size();
    instance_.Call(count == 0 ? options_.input() : options_.inputs[next_++ % count]);
  }

 private:
  const Options &options_;
  Host host_;
  Instance instance_;
  size_t next_ = 0;
};

void OverCalls(Plugin &plugin, const Measure &measure) {
  plugin.Load();
  plugin.report().Stage("new");
  Caller call(plugin);
  plugin.report().Stage("many calls of one instance");
  measure(plugin, {"calls", [&] { call(); }});
  plugin.report().Stage("drop");
}

/* Returns false if `new` failed. */
bool OneLife(Plugin &plugin, Host &host) {
  Instance instance(plugin, host.get(), plugin.options().config);
  if (instance.ok()) instance.Call(plugin.options().input());
  return instance.ok();
}

void OverInstances(Plugin &plugin, const Measure &measure) {
  plugin.Load();
  plugin.report().Stage("new, a call and drop, many times");
  Host host;
  measure(plugin, {"instances", [&] {
                     if (!OneLife(plugin, host))
                       plugin.RequireInstance(Instance(plugin, host.get(), plugin.options().config));
                   }});
}

void MemoryPerCall(Plugin &plugin) {
  OverCalls(plugin, MeasureMemory);
}

void MemoryPerInstance(Plugin &plugin) {
  OverInstances(plugin, MeasureMemory);
}

void DescriptorsPerCall(Plugin &plugin) {
  OverCalls(plugin, CountDescriptors);
}

void DescriptorsPerInstance(Plugin &plugin) {
  OverInstances(plugin, CountDescriptors);
}

void ThreadsPerCall(Plugin &plugin) {
  OverCalls(plugin, CountThreadsLeft);
}

/* Threads of the host that make a call, and an instance of their own if there may be several, and end. */
void CallingThreads(Plugin &plugin) {
  plugin.Load();
  plugin.report().Stage("new");
  Caller call(plugin);
  Host host;
  const bool single = plugin.has_flag(TENON_SINGLETON);
  const Repeated what = {"threads that came and went", [&] {
                           OnThreads(1, [&](size_t) {
                             call();
                             if (!single) OneLife(plugin, host);
                           });
                         }};
  plugin.report().Stage("calls on many threads, one after the other");
  if (!CountDescriptors(plugin, what) && !CountThreadsLeft(plugin, what)) MeasureMemory(plugin, what);
  plugin.report().Stage("drop");
}

}  // namespace

const ScenarioEntry kLeakScenarios[] = {
    {"resources/leak-per-call", MemoryPerCall},
    {"resources/leak-per-instance", MemoryPerInstance},
    {"resources/descriptors-per-call", DescriptorsPerCall},
    {"resources/descriptors-per-instance", DescriptorsPerInstance},
    {"resources/threads-per-call", ThreadsPerCall},
    {"resources/calling-threads", CallingThreads},
    {nullptr, nullptr},
};

}  // namespace tenon::check
