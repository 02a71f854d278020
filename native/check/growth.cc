#include "check/growth.h"

#include <algorithm>

#include "check/allocations.h"
#include "check/clock.h"
#include "check/memory.h"
#include "check/on_thread.h"
#include "check/procfs.h"

namespace tenon::check {
namespace {

/* The number of repetitions: `count`, or fewer if they take longer than `seconds`, but at least `least`. */
struct Effort {
  size_t count, least;
  double seconds;
};

/* Repetitions that are not measured, because caches and pools fill up at first. */
constexpr Effort kWarmUp = {200, 10, 0.4}, kWarmUpLarge = {100, 5, 0.2};
constexpr Effort kMeasured = {1000, 64, 1.5}, kMeasuredLarge = {500, 48, 0.6};
constexpr Effort kLeg = {40, 3, 0.5}, kLegLarge = {10, 3, 0.2};
/* The time limit in seconds, which applies even if `least` is not reached. */
constexpr double kPatience = 20, kLongPatience = 60;
/* The growth in bytes at which measuring stops: it is enough evidence, and the machine needs its memory. */
constexpr double kEnoughGrowth = 256e6;
constexpr size_t kEnoughPoints = 8; /* as many as src/check/leaks.ts needs */
/* Operations that are measured one by one even in a long measurement: each may leave megabytes. */
constexpr size_t kOneByOne = 320;
constexpr size_t kPoints = 250;
constexpr int kRounds = 3;

/* Legs in which nothing may grow; then, only if something grew, parts of several legs that must all grow. */
constexpr int kFirstLegs = 3, kLegsOfPart = 4, kParts = 10;
/* The growth at which counting stops. It is above the size of common pools and caches, and below the thousand
 * descriptors that a process may usually have. */
constexpr size_t kEnoughDescriptors = 500, kEnoughThreads = 150;
/* The time for threads that are about to end, and for one that has ended, in milliseconds. */
constexpr uint64_t kMoment = 50;
constexpr uint64_t kGrace = 1000;

/* Repeats `once` until it returns false, and returns the number of repetitions. */
template <typename Once>
size_t Repeat(const Effort &effort, double patience, Once once) {
  uint64_t began = Now();
  size_t done = 0;
  while (done < effort.count) {
    double spent = Since(began) / 1e9;
    if (spent > patience || (spent > effort.seconds && done >= effort.least)) break;
    done++;
    if (!once()) break;
  }
  return done;
}

/* Points of a series. Each keeps the least of several values, because threads of the plugin and of the allocator
 * hold some memory only for a moment. */
struct Points {
  std::vector<double> xs, ys;

  void Add(double x, double y) { xs.push_back(x), ys.push_back(y); }

  void Thin() {
    size_t stride = (xs.size() + kPoints - 1) / kPoints, kept = 0;
    for (size_t i = 0; i < xs.size(); i += stride, kept++) {
      auto from = ys.begin() + static_cast<std::ptrdiff_t>(i);
      auto to = ys.begin() + static_cast<std::ptrdiff_t>(std::min(i + stride, ys.size()));
      auto least = std::min_element(from, to);
      xs[kept] = xs[static_cast<size_t>(least - ys.begin())];
      ys[kept] = *least;
    }
    xs.resize(kept), ys.resize(kept);
  }
};

/* Measures memory after every few operations. The first ones are measured one by one, and forgotten if they leave
 * little. */
class Recorder {
 public:
  Recorder(size_t count, size_t stride) : stride_(stride) {
    for (Points *points : {&in_use_, &resident_})
      points->xs.reserve(count / stride + kOneByOne), points->ys.reserve(count / stride + kOneByOne);
  }

  /* Returns false if memory has grown enough. Begins again if the process has more threads than ever. */
  bool After(size_t operation) {
    if (operation > kOneByOne && operation % stride_ != 0) return true;
    size_t threads = CountThreads();
    /* A thread that has been joined is listed a little longer. */
    for (Budget moment(kMoment); threads > threads_ && !moment.spent(); threads = CountThreads()) SleepMs(1);
    if (threads > threads_ || (stride_ > 1 && operation == kOneByOne)) {
      threads_ = threads;
      for (Points *points : {&in_use_, &resident_}) points->xs.clear(), points->ys.clear();
    }
    gauge_.Read();
    in_use_.Add(static_cast<double>(operation), gauge_.in_use());
    resident_.Add(static_cast<double>(operation), gauge_.resident());
    double grown =
        std::max(in_use_.ys.back() - in_use_.ys.front(), resident_.ys.back() - resident_.ys.front());
    return grown < kEnoughGrowth || in_use_.ys.size() < kEnoughPoints;
  }

  /* The number of operations since the process has had all its threads. */
  size_t measured() const {
    return in_use_.xs.empty() ? 0 : static_cast<size_t>(in_use_.xs.back() - in_use_.xs.front()) + 1;
  }

  void ReportTo(Report &report, const char *over) {
    in_use_.Thin(), resident_.Thin();
    report.Series("memory in use", over, in_use_.xs, in_use_.ys);
    report.Series("resident memory", over, resident_.xs, resident_.ys);
  }

 private:
  const size_t stride_;
  size_t threads_ = CountThreads();
  MemoryGauge gauge_;
  Points in_use_, resident_;
};

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

/* Reports the code that allocates what each of some more operations leaves. Nothing of the plugin is measured after
 * it. */
void ReportSite(Plugin &plugin, const Repeated &what) {
  constexpr Effort kFew = {64, 4, 1};
  const probe::Image &image = plugin.gates().image();
  if (!RecordAllocations(image)) return;
  const size_t done = Repeat(kFew, kPatience, [&] { return what.once(), true; });
  const AllocationSite site = WorstAllocation(std::max<size_t>(done / 2, 1));
  if (site.address != 0) plugin.report().Site(image.relative(site.address));
}

std::string Blame(const Repeated &what, const std::function<size_t()> &count) {
  return what.blame == nullptr ? "" : what.blame(count);
}

struct Left {
  size_t operations = 0, count = 0; /* 0 if nothing grows forever */
};

/* Counts what operations leave. `count` returns a number, and waits for less than its argument if that may
 * happen by itself. */
template <typename Count>
Left CountLeft(const Repeated &what, size_t enough, Count count) {
  const Effort &leg = what.large ? kLegLarge : kLeg;
  const auto legs = [&](int number) {
    size_t done = 0;
    for (; number > 0; number--) done += Repeat(leg, kPatience, [&] { return what.once(), true; });
    return done;
  };
  legs(1);
  const size_t first = count(0);
  size_t operations = legs(kFirstLegs - 1), last = count(first);
  for (int part = 0; last > first && last < first + enough && part < kParts; part++) {
    size_t now = last;
    for (int i = 0; i < kLegsOfPart && now < first + enough; i++) operations += legs(1), now = count(last);
    if (now <= last) return {};
    last = now;
  }
  return last > first ? Left{operations, last - first} : Left{};
}

}  // namespace

void MeasureMemory(Plugin &plugin, const Repeated &what) {
  const size_t longer = std::max<uint64_t>(1, plugin.options().longer);
  const double patience = longer == 1 ? kPatience : kLongPatience;
  Effort effort = what.large ? kMeasuredLarge : kMeasured;
  effort.count *= longer, effort.least *= longer, effort.seconds *= static_cast<double>(longer);
  Repeat(what.large ? kWarmUpLarge : kWarmUp, patience, [&] { return what.once(), true; });
  if (plugin.options().sites) return ReportSite(plugin, what);
  Recorder recorder(effort.count, longer);
  size_t number = 0;
  bool enough = false;
  /* A thread that starts late is the reason for another round. */
  const uint64_t began = Now();
  const auto left = [&] { return patience - Since(began) / 1e9; };
  for (int round = 0; round < kRounds && !enough && recorder.measured() < effort.least && left() > 0;
       round++) {
    Repeat(effort, left(), [&] {
      what.once();
      enough = !recorder.After(++number);
      return !enough;
    });
  }
  const size_t least = (what.large ? kMeasuredLarge : kMeasured).least;
  if (!enough && recorder.measured() < least)
    plugin.report().Incomplete("only " + std::to_string(recorder.measured()) + " " + what.over +
                               " could be measured within " + std::to_string(static_cast<int>(patience)) +
                               " s, too few for a result");
  recorder.ReportTo(plugin.report(), what.over.c_str());
}

bool CountDescriptors(Plugin &plugin, const Repeated &what) {
  std::vector<OpenDescriptor> first, last;
  const Left left = CountLeft(what, kEnoughDescriptors, [&](size_t before) {
    last = OpenDescriptors();
    if (before == 0) first = last;
    return last.size();
  });
  plugin.report().Values("descriptors left open", "count", {static_cast<double>(left.count)});
  if (left.count == 0) return false;
  plugin.report().Finding(std::to_string(left.operations) + " " + what.over + " left " +
                          std::to_string(left.count) + " descriptors open, the last one for " +
                          NewTarget(first, last) + Blame(what, [] { return OpenDescriptors().size(); }));
  return true;
}

bool CountThreadsLeft(Plugin &plugin, const Repeated &what) {
  const Left left = CountLeft(what, kEnoughThreads, [](size_t before) {
    size_t count = CountThreads();
    Budget grace(kGrace);
    while (before != 0 && count > before && !grace.spent()) SleepMs(5), count = CountThreads();
    return count;
  });
  plugin.report().Values("threads left running", "count", {static_cast<double>(left.count)});
  if (left.count == 0) return false;
  plugin.report().Finding(std::to_string(left.operations) + " " + what.over + " left " +
                          std::to_string(left.count) + " threads running" + Blame(what, CountThreads));
  return true;
}

double BytesLeftByEach(const Operation &once) {
  constexpr Effort kFew = {200, 8, 0.3};
  const auto work = [&] { return once(), true; };
  MemoryGauge gauge;
  Repeat(kFew, kPatience, work);
  gauge.Read();
  double before = gauge.in_use();
  size_t done = Repeat(kFew, kPatience, work);
  gauge.Read();
  return (gauge.in_use() - before) / static_cast<double>(std::max<size_t>(done, 1));
}

}  // namespace tenon::check
