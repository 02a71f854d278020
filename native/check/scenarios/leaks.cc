/* Scenarios of group `resources` that repeat an operation many times and measure its cost. src/check/leaks.ts
 * evaluates the memory. */
#include <stdint.h>

#include <algorithm>

#include "check/clock.h"
#include "check/memory.h"
#include "check/procfs.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* The number of repetitions: `count`, or fewer if they take longer than `seconds`, but at least `least`. */
struct Effort {
  size_t count, least;
  double seconds;
};

/* Repetitions that are not measured, because caches and pools fill up at first. */
constexpr Effort kWarmUp = {200, 10, 0.4};
constexpr Effort kMeasured = {1000, 64, 1.5};
constexpr Effort kDescriptorLeg = {40, 3, 0.5};
/* The time limit in seconds, which applies even if `least` is not reached. */
constexpr double kPatience = 20;
/* The growth in bytes at which measuring stops: it is enough evidence, and the machine needs its memory. */
constexpr double kEnoughGrowth = 256e6;
constexpr size_t kPoints = 250;

/* Repeats `once` until it returns false, and returns the number of calls. */
template <typename Once>
size_t Repeat(const Effort &effort, Once once) {
  uint64_t began = Now();
  size_t done = 0;
  while (done < effort.count) {
    double spent = Since(began) / 1e9;
    if (spent > kPatience || (spent > effort.seconds && done >= effort.least)) break;
    done++;
    if (!once() && done >= effort.least) break;
  }
  return done;
}

struct Points {
  std::vector<double> xs, ys;

  void Thin() {
    size_t stride = (xs.size() + kPoints - 1) / kPoints;
    for (size_t i = 0; i * stride < xs.size(); i++) xs[i] = xs[i * stride], ys[i] = ys[i * stride];
    xs.resize((xs.size() + stride - 1) / stride);
    ys.resize(xs.size());
  }
};

template <typename Once>
void MeasureMemory(Report *report, const char *over, Once once) {
  MemoryGauge gauge;
  Points in_use, resident;
  for (Points *points : {&in_use, &resident})
    points->xs.reserve(kMeasured.count), points->ys.reserve(kMeasured.count);
  const auto work = [&] { return once(), true; };
  Repeat(kWarmUp, work);
  gauge.Read();
  double first = gauge.in_use();
  size_t done = Repeat(kMeasured, [&] {
    once();
    gauge.Read();
    for (Points *points : {&in_use, &resident})
      points->xs.push_back(static_cast<double>(points->xs.size() + 1));
    in_use.ys.push_back(gauge.in_use());
    resident.ys.push_back(gauge.resident());
    return gauge.in_use() - first < kEnoughGrowth;
  });
  if (done < kMeasured.least)
    report->Incomplete("only " + std::to_string(done) + " " + over + " were done within " +
                       std::to_string(static_cast<int>(kPatience)) + " s, too few for a result");
  in_use.Thin(), resident.Thin();
  report->Series("memory in use", over, in_use.xs, in_use.ys);
  report->Series("resident memory", over, resident.xs, resident.ys);
}

/* Returns the target of the last descriptor that was not open before. */
std::string NewTarget(const std::vector<OpenDescriptor> &before, const std::vector<OpenDescriptor> &now) {
  std::string target;
  for (const OpenDescriptor &one : now) {
    bool known =
        std::any_of(before.begin(), before.end(), [&](auto &old) { return old.number == one.number; });
    if (!known) target = one.target;
  }
  return target;
}

/* Reports a finding only if the number grows twice. Descriptors that the first operations open may stay
 * open. */
template <typename Once>
void CountDescriptors(Report *report, const char *over, Once once) {
  const auto work = [&] { return once(), true; };
  Repeat(kDescriptorLeg, work);
  std::vector<OpenDescriptor> first = OpenDescriptors();
  size_t done = Repeat(kDescriptorLeg, work);
  size_t second = OpenDescriptors().size();
  done += Repeat(kDescriptorLeg, work);
  std::vector<OpenDescriptor> last = OpenDescriptors();
  report->Values("descriptors left open", "count",
                 {static_cast<double>(last.size()) - static_cast<double>(first.size())});
  if (second <= first.size() || last.size() <= second) return;
  report->Finding(std::to_string(done) + " " + over + " left " + std::to_string(last.size() - first.size()) +
                  " descriptors open, the last one for " + NewTarget(first, last));
}

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

void OneLife(Plugin &plugin, Host &host) {
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  instance.Call(plugin.options().input());
}

template <typename Measure>
void OverCalls(Plugin &plugin, Measure measure) {
  plugin.Load();
  plugin.report().Stage("new");
  Caller call(plugin);
  plugin.report().Stage("many calls of one instance");
  measure([&] { call(); });
  plugin.report().Stage("drop");
}

template <typename Measure>
void OverInstances(Plugin &plugin, Measure measure) {
  plugin.Load();
  plugin.report().Stage("new, a call and drop, many times");
  Host host;
  measure([&] { OneLife(plugin, host); });
}

void MemoryPerCall(Plugin &plugin) {
  OverCalls(plugin, [&](auto once) { MeasureMemory(&plugin.report(), "calls", once); });
}

void MemoryPerInstance(Plugin &plugin) {
  OverInstances(plugin, [&](auto once) { MeasureMemory(&plugin.report(), "instances", once); });
}

void DescriptorsPerCall(Plugin &plugin) {
  OverCalls(plugin, [&](auto once) { CountDescriptors(&plugin.report(), "calls", once); });
}

void DescriptorsPerInstance(Plugin &plugin) {
  OverInstances(plugin, [&](auto once) { CountDescriptors(&plugin.report(), "instances", once); });
}

}  // namespace

const ScenarioEntry kLeakScenarios[] = {
    {"resources/leak-per-call", MemoryPerCall},
    {"resources/leak-per-instance", MemoryPerInstance},
    {"resources/descriptors-per-call", DescriptorsPerCall},
    {"resources/descriptors-per-instance", DescriptorsPerInstance},
    {nullptr, nullptr},
};

}  // namespace tenon::check
