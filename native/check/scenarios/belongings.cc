/* Scenarios of group `resources` about what belongs to the host: its descriptors and its child processes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>

#include "check/facts.h"
#include "check/failure.h"
#include "check/procfs.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* The descriptors of a host are somewhere in this range. Those that careless code closes are the lowest. */
constexpr int kFirst = 3, kLast = 63;
constexpr size_t kNamed = 5;
constexpr int kExitCode = 7;

/* Opens each descriptor in the range that is not in use. */
std::set<int> OpenMany() {
  std::set<int> opened;
  int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (file < 0) FailChecker("open /dev/null", errno);
  for (int number = kFirst; number <= kLast; number++) {
    if (number != file && fcntl(number, F_GETFD) < 0 && dup3(file, number, O_CLOEXEC) == number)
      opened.insert(number);
  }
  return opened;
}

std::map<int, std::string> Targets() {
  std::map<int, std::string> targets;
  for (const OpenDescriptor &one : OpenDescriptors()) targets[one.number] = one.target;
  return targets;
}

void DescriptorsOfHost(Plugin &plugin) {
  std::set<int> own = OpenMany();
  std::map<int, std::string> before = Targets();
  size_t lost = 0;
  Host host;
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    std::map<int, std::string> now = Targets();
    for (int number : std::set<int>(own)) {
      auto found = now.find(number);
      if (found != now.end() && found->second == before[number]) continue;
      own.erase(number);
      if (++lost > kNamed) continue;
      std::string state = found == now.end() ? "closed" : "open for " + found->second;
      plugin.report().Finding("Descriptor " + std::to_string(number) + ", which the host had opened, is " +
                              state + " after " + step);
    }
  });
}

void NoneKeptByLoading(Plugin &plugin) {
  std::map<int, std::string> before = Targets();
  plugin.Load();
  size_t kept = 0;
  for (const auto &[number, target] : Targets()) {
    if (before.count(number) == 0 && ++kept <= kNamed)
      plugin.report().Finding("Descriptor " + std::to_string(number) + " (" + target +
                              ") was opened while the library was loaded, and is still open");
  }
}

/* Starts a child process of the host that has ended when this returns, and that nothing has waited for. */
pid_t EndedChild() {
  pid_t child = fork();
  if (child < 0) FailChecker("start a process", errno);
  if (child == 0) _exit(kExitCode);
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
  return child;
}

void ChildrenOfHost(Plugin &plugin) {
  pid_t child = EndedChild();
  Host host;
  bool reaped = false;
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    siginfo_t ended = {};
    if (reaped || waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT | WNOHANG) == 0) return;
    reaped = true;
    plugin.report().Finding("A child process of the host was waited for in " + step +
                            ", so the host never receives its exit code");
  });
}

}  // namespace

const ScenarioEntry kBelongingScenarios[] = {
    {"resources/host-descriptors", DescriptorsOfHost},
    {"resources/kept-descriptors", NoneKeptByLoading},
    {"resources/host-children", ChildrenOfHost},
    {nullptr, nullptr},
};

}  // namespace tenon::check
