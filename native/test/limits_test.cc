/* The limits of a runner's plugin, and its sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

std::vector<uint8_t> Command(const std::string &text) {
  return std::vector<uint8_t>(text.begin(), text.end());
}

Setup With(const std::vector<std::string> &options) {
  Setup setup;
  setup.plugin = "fixture";
  setup.more = options;
  return setup;
}

std::string Said(Session &session, uint32_t instance, const std::string &command) {
  std::vector<uint8_t> bytes = session.Call(instance, Command(command));
  return std::string(bytes.begin(), bytes.end());
}

int EndOf(const std::vector<std::string> &options, const std::string &command, uint32_t active,
          CrashRecord *crash) {
  Session session(With(options));
  session.AwaitReady();
  CHECK((session.host.facts().active.load() & active) == active);
  uint64_t number = session.host.Send(MakeRequest(kCall, session.New(), Command(command)), 0);
  Message answer;
  CHECK(session.host.Await(number, Milliseconds(20000), &answer) == Wait::kGone);
  int status = session.Reap();
  CHECK(session.host.ReadCrash(crash) && WIFSIGNALED(status));
  return WTERMSIG(status);
}

[[maybe_unused]] void Memory() {
  CrashRecord crash;
  uint64_t start = Now();
  CHECK(EndOf({"--memory", std::to_string(64 << 20)}, "dl", kLimitMemory, &crash) == SIGABRT);
  printf("    64 MiB were used up after %.1f ms\n", static_cast<double>(Now() - start) / 1e6);
  Session session(With({"--memory", std::to_string(64 << 20)}));
  session.AwaitReady();
  /* Output is the host's memory. */
  CHECK(session.Call(session.New(), Command("g50000000")).size() == 50000000);
}

void CpuTime() {
  CrashRecord crash;
  CHECK(EndOf({"--cpu", "1"}, "dc", kLimitCpu, &crash) == SIGXCPU && crash.signal == SIGXCPU);
}

void Files() {
  int leaked = open("/dev/null", O_RDONLY); /* not close-on-exec, as in careless third-party code */
  Session session(With({"--files", "64"}));
  session.AwaitReady();
  uint32_t active = session.host.facts().active.load();
  CHECK((active & kLimitFiles) != 0 && (active & kClosedFiles) != 0 && (active & kLimitCore) != 0);
  std::string files = Said(session, session.New(), "o");
  printf("    open in the runner: %s\n", files.c_str());
  CHECK(files.find("0 1 2 ") != std::string::npos && (" " + files).find(" 3 ") == std::string::npos);
  CHECK((" " + files).find(" " + std::to_string(leaked) + " ") == std::string::npos);
  close(leaked);
}

void Sandbox() {
  const std::string folder = "/tmp/tenon-limits-test-" + std::to_string(getpid());
  CHECK(mkdir(folder.c_str(), 0700) == 0);
  const std::string allowed = folder + "/allowed", secret = folder + "/secret", made = folder + "/made";
  for (const std::string &file : {allowed, secret}) close(open(file.c_str(), O_WRONLY | O_CREAT, 0600));
  {
    Session session(With({"--sandbox", "--read", allowed}));
    session.AwaitReady();
    uint32_t instance = session.New(), active = session.host.facts().active.load();
    printf("    active: %#x, Landlock ABI %u\n", active, session.host.facts().landlock_abi.load());
    CHECK((active & kNoNewPrivileges) != 0);
    const std::string refused = std::to_string(EPERM), denied = std::to_string(EACCES);
    if ((active & kSeccomp) != 0) {
      CHECK(Said(session, instance, "tS") == refused);
      CHECK(Said(session, instance, "tF") == refused);
      CHECK(Said(session, instance, "tX") == refused);
      CHECK(Said(session, instance, "tO" + made) == refused);
      CHECK(Said(session, instance, "tU" + secret) == refused);
    }
    CHECK(Said(session, instance, "tR" + allowed) == "0");
    if ((active & kLandlock) != 0) CHECK(Said(session, instance, "tR" + secret) == denied);
    CHECK(Said(session, instance, "efine") == "fine");
    CHECK(session.Call(instance, Command("g50000000")).size() == 50000000);
  }
  CrashRecord crash;
  CHECK(EndOf({"--sandbox"}, "ds", kNoNewPrivileges, &crash) == SIGSEGV && crash.address == 8);
  CHECK(EndOf({"--sandbox"}, "dt", kNoNewPrivileges, &crash) == SIGSEGV && crash.main_thread == 0);
  CHECK(EndOf({"--sandbox"}, "da", kNoNewPrivileges, &crash) == SIGABRT);
  CHECK(access(made.c_str(), F_OK) != 0);
  for (const std::string &file : {allowed, secret}) unlink(file.c_str());
  rmdir(folder.c_str());
}

void WithoutSandbox() {
  Session session(With({}));
  session.AwaitReady();
  uint32_t instance = session.New();
  CHECK(Said(session, instance, "tS") == "0" && Said(session, instance, "tF") == "0");
  CHECK((session.host.facts().active.load() & (kSeccomp | kLandlock | kNoNewPrivileges | kLimitMemory)) == 0);
}

void WrongOptions() {
  for (const std::vector<std::string> &options : std::vector<std::vector<std::string>>{{"--memory", "much"},
                                                                                       {"--memory"},
                                                                                       {"--files", "-1"},
                                                                                       {"--unknown", "1"},
                                                                                       {"--profile", "fast"},
                                                                                       {"--life", "x"}}) {
    Session session(With(options));
    int status = session.Reap();
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2);
  }
}

}  // namespace

int main() {
  /* AddressSanitizer's own memory exceeds any limit. */
#ifndef __SANITIZE_ADDRESS__
  Run("a plugin that leaks ends at its memory limit, and output does not count", Memory);
#endif
  Run("a plugin that never stops computing ends at its CPU limit, which is recorded", CpuTime);
  Run("a plugin finds only the standard descriptors and hidden ones", Files);
  Run("the sandbox refuses network, processes, writes, and reads that are not allowed", Sandbox);
  Run("without the sandbox none of its restrictions are in force", WithoutSandbox);
  Run("wrong options are refused", WrongOptions);
  return 0;
}
