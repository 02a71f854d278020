/* tenon-checker: tries one thing with one plugin, and tells what came of it. Knows tenon.h and no Node.
 *
 * Exit codes: 0 the scenario came to its end, 1 the host is gone, 2 usage, 3 no memory. */
#include <stdio.h>

#include "crash_record.h"
#include "options.h"
#include "plugin.h"
#include "report.h"
#include "scenarios.h"

using namespace tenon::check;

int main(int argc, char **argv) {
  /* Never destroyed: threads of the plugin may run until the very end. */
  Options &options = *new Options;
  const char *wrong = ReadOptions(argc - 1, argv + 1, &options);
  if (wrong != nullptr) {
    fprintf(stderr, "tenon-checker: %s is missing or wrong\nusage: %s\n", wrong, kUsage);
    return 2;
  }
  Scenario scenario = FindScenario(options.scenario);
  if (scenario == nullptr) {
    fprintf(stderr, "tenon-checker: there is no scenario %s\n", options.scenario.c_str());
    return 2;
  }
  Report &report = *new Report;
  if (options.report) {
    if (!report.OpenForHost()) return 1;
    RecordCrashes(&report);
  } else {
    report.OpenForPeople(); /* a debugger wants the signals itself */
  }
  /* What the plugin printed before it crashed should be there, also without a terminal. */
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Plugin &plugin = *new Plugin(options, &report);
  scenario(plugin);
  report.Done();
}
