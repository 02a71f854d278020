/* tenon-checker: tries one thing with one plugin, and tells what came of it. Knows tenon.h and no Node.
 *
 * Exit codes for a host: 0 the scenario came to its end, 1 the host is gone, 2 usage, 3 no memory.
 * For people, without --report: 0 nothing was found, 1 something was, 2 usage, 3 something could not be
 * tried. */
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "check/crash_record.h"
#include "check/options.h"
#include "check/plugin.h"
#include "check/report.h"
#include "check/scenarios.h"

using namespace tenon::check;

namespace {

/* For whoever looks for memory that nothing points to. */
Plugin *volatile the_plugin;

struct Chosen {
  std::string id;
  Scenario run;
};

/* The scenarios in a list with commas. False if there is one that there is not. */
bool FindScenarios(const std::string &list, std::vector<Chosen> *chosen) {
  for (size_t from = 0; from <= list.size();) {
    size_t end = std::min(list.find(',', from), list.size());
    std::string id = list.substr(from, end - from);
    chosen->push_back({id, FindScenario(id)});
    if (chosen->back().run == nullptr) return false;
    from = end + 1;
  }
  return true;
}

/* One after the other: what one of them leaves behind is there for the next. */
[[noreturn]] void RunForPeople(const std::vector<Chosen> &chosen, const Options &options, Report *report) {
  report->OpenForPeople(chosen.size()); /* a debugger wants the signals itself */
  for (const Chosen &one : chosen) {
    report->Begin(one.id);
    try {
      one.run(*new Plugin(options, report));
    } catch (const Report::End &) {
      /* It has said why. */
    }
  }
  report->EndForPeople();
}

/* ThreadSanitizer does not start where the system places memory at addresses that it wants itself. Where this
 * is forbidden the program says so. */
int RunAtFixedAddresses(char **command) {
  personality(static_cast<unsigned long>(personality(0xffffffff)) | ADDR_NO_RANDOMIZE);
  execv(command[0], command);
  perror("tenon-checker: cannot run the program");
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "--fixed-addresses") == 0) return RunAtFixedAddresses(argv + 2);
  /* Never destroyed: threads of the plugin may run until the very end. */
  Options &options = *new Options;
  const char *wrong = ReadOptions(argc - 1, argv + 1, &options);
  if (wrong != nullptr) {
    fprintf(stderr, "tenon-checker: %s is missing or wrong\nusage: %s\n", wrong, kUsage);
    return 2;
  }
  std::vector<Chosen> chosen;
  if (!FindScenarios(options.scenario, &chosen) || (options.report && chosen.size() != 1)) {
    fprintf(stderr, "tenon-checker: there is no scenario %s\n", options.scenario.c_str());
    return 2;
  }
  /* What the plugin printed before it crashed should be there, also without a terminal. */
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Report &report = *new Report;
  if (!options.report) RunForPeople(chosen, options, &report);
  if (!report.OpenForHost()) return 1;
  RecordCrashes(&report);
  the_plugin = new Plugin(options, &report);
  chosen.front().run(*the_plugin);
  report.Done();
}
