/* tenon-checker: runs a scenario with a plugin and reports the result. It uses tenon.h and does not use Node.
 *
 *     exit code   for a host (--report)    for people
 *     0           the scenario completed   no findings
 *     1           the host is gone         findings
 *     2           usage                    usage
 *     3                                    a scenario is incomplete
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "check/crash_record.h"
#include "check/failure.h"
#include "check/host.h"
#include "check/options.h"
#include "check/plugin.h"
#include "check/report.h"
#include "check/sanitizer.h"
#include "check/scenarios.h"

using namespace tenon::check;

namespace {

/* A global pointer, so that the leak detector finds the plugin reachable. */
Plugin *volatile the_plugin;

struct Chosen {
  std::string id;
  Scenario run;
};

/* Finds the scenarios of a list separated by commas. Returns false if one does not exist. */
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

/* Without the path, a plugin could fail to find its files. The loader reports a file that does not exist. */
void SetOrigin(const std::string &file) {
  const char *path = realpath(file.c_str(), nullptr);
  if (path == nullptr && errno != ENOENT && errno != ENOTDIR)
    FailChecker("resolve the path of the file", errno);
  Host::SetOrigin(path);
}

/* Runs the scenarios one after the other. Side effects of one scenario remain for the next. */
[[noreturn]] void RunForPeople(const std::vector<Chosen> &chosen, const Options &options, Report *report) {
  report->OpenForPeople(chosen.size()); /* a debugger wants the signals itself */
  for (const Chosen &one : chosen) {
    report->Begin(one.id);
    try {
      one.run(*new Plugin(options, report));
    } catch (const Report::End &) {
      /* The report says why. */
    }
  }
  report->EndForPeople();
}

/* Runs the program without address space randomization. ThreadSanitizer does not start if the system has
 * placed memory at addresses that it needs. If turning randomization off is forbidden, the program itself
 * reports that. */
int RunAtFixedAddresses(char **command) {
  personality(static_cast<unsigned long>(personality(0xffffffff)) | ADDR_NO_RANDOMIZE);
  execv(command[0], command);
  perror("tenon-checker: cannot run the program");
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "--fixed-addresses") == 0) return RunAtFixedAddresses(argv + 2);
  /* Never destroyed: threads of the plugin may run until the process ends. */
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
  if (options.under_valgrind) SetUnderValgrind();
  /* Lines that the plugin prints before a crash must not be lost, even without a terminal. */
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Report &report = *new Report;
  ReportFailures(&report);
  if (options.report && !report.OpenForHost()) return 1;
  SetOrigin(options.file);
  if (!options.report) RunForPeople(chosen, options, &report);
  RecordCrashes(&report);
  the_plugin = new Plugin(options, &report);
  chosen.front().run(*the_plugin);
  report.Done();
}
