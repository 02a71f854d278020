/* Scenarios of group `calls` about settings of the host that change what the C library does: its locale and its
 * time zone. */
#include <stdlib.h>
#include <time.h>

#include "check/comma_locale.h"
#include "check/scenarios.h"
#include "check/varied.h"

namespace tenon::check {
namespace {

/* A zone with an unusual offset, in the format of POSIX, which needs no file. */
constexpr char kZone[] = "TNN-13:45";

struct Surrounding {
  const char *name; /* "in a process whose locale has a decimal comma" */
  bool (*enter)();
  void (*leave)();
};

/* Returns the first difference between the known results and those of new instances. */
std::string FirstDifference(Plugin &plugin, const std::vector<Known> &known, const std::string &where) {
  for (const Known &one : known) {
    Host &host = *new Host;
    Instance instance(plugin, host.get(), plugin.options().config);
    if (!instance.ok())
      return "new " + where + " returned " + std::to_string(instance.made().status) + " with " +
             Quote(instance.made().bytes) + ", expected 0 as otherwise";
    const std::string difference = DifferenceFrom(one, instance.Call(one.input), "as otherwise");
    if (difference.empty()) continue;
    return "In a call " + where + " with the input " + Quote(one.input.substr(0, 40)) + ": " + difference;
  }
  return "";
}

/* Compares results in and outside the surrounding, and once more outside: what changes by itself is not compared. */
void Compare(Plugin &plugin, const Surrounding &surrounding) {
  Report &report = plugin.report();
  report.Stage("calls in the usual surroundings");
  const std::vector<std::string> inputs = VariedInputs(plugin.options());
  const std::vector<Known> before = KnownResults(plugin, inputs);
  if (before.empty()) report.Skip("no result is the same each time, so there is nothing to compare");
  report.Stage(std::string("calls ") + surrounding.name);
  if (!surrounding.enter())
    report.Incomplete(std::string("it cannot be tried ") + surrounding.name + ": the system cannot make one");
  const std::string found = FirstDifference(plugin, before, surrounding.name);
  const std::string again = found.empty() ? "" : FirstDifference(plugin, before, surrounding.name);
  surrounding.leave();
  if (found.empty() || again.empty()) return;
  report.Stage("calls in the usual surroundings, again");
  if (FirstDifference(plugin, before, "afterwards").empty()) report.Finding(found);
}

void DecimalComma(Plugin &plugin) {
#if !defined(__GLIBC__)
  plugin.report().Skip("this C library writes numbers with a point in all locales");
#endif
  plugin.Load();
  Compare(plugin, {"in a process whose locale has a decimal comma", UseCommaLocale, UsePointLocale});
}

void TimeZone(Plugin &plugin) {
  plugin.Load();
  if (!plugin.has_flag(TENON_DETERMINISTIC)) plugin.report().Skip("it does not declare TENON_DETERMINISTIC");
  Compare(plugin, {"in a process with another time zone",
                   [] {
                     setenv("TZ", kZone, 1);
                     tzset();
                     return true;
                   },
                   [] {
                     unsetenv("TZ");
                     tzset();
                   }});
}

}  // namespace

const ScenarioEntry kSurroundingScenarios[] = {
    {"calls/decimal-comma", DecimalComma},
    {"calls/time-zone", TimeZone},
    {nullptr, nullptr},
};

}  // namespace tenon::check
