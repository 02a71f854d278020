/* A host and a runner whose plugin crashes it, or whose host is gone. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

std::vector<uint8_t> Command(const std::string &text) {
  return std::vector<uint8_t>(text.begin(), text.end());
}

Setup Fixture() {
  Setup setup;
  setup.plugin = "fixture";
  return setup;
}

struct Death {
  int status;
  bool recorded;
  CrashRecord crash;
  Breadcrumb crumb;
  RunnerState state;
  double milliseconds; /* from the request to the end of the wait for its answer */
};

Death Die(Session &session, const std::string &command) {
  std::vector<uint8_t> input = Command(command);
  uint32_t instance = session.New();
  session.Call(instance, Command("efine"));
  Death death = {};
  uint64_t start = Now();
  uint64_t number = session.host.Send(MakeRequest(kCall, instance, input), Milliseconds(1000));
  Message answer;
  Wait wait = session.host.Await(number, Milliseconds(10000), &answer);
  if (wait != Wait::kGone) fprintf(stderr, "%s: wait %d\n", command.c_str(), static_cast<int>(wait));
  CHECK(number != 0 && wait == Wait::kGone);
  death.milliseconds = static_cast<double>(Now() - start) / 1e6;
  death.state = session.host.state();
  death.status = session.Reap();
  death.recorded = session.host.ReadCrash(&death.crash);
  session.host.ReadBreadcrumb(&death.crumb);
  CHECK(death.crumb.stage == static_cast<uint32_t>(Stage::kInCall));
  CHECK(death.crumb.number == number && death.crumb.operation == kCall && death.crumb.instance == instance);
  const uint8_t *at = session.host.InputAt(death.crumb.input_offset, death.crumb.input_size);
  CHECK(at != nullptr && death.crumb.input_size == input.size() &&
        memcmp(at, input.data(), input.size()) == 0);
  CHECK(session.host.Send(MakeRequest(kPing, 0, {}), 0) != 0); /* no one reads it */
  CHECK(session.host.Await(number + 1, Milliseconds(1000), &answer) == Wait::kGone);
  return death;
}

Death DieOf(const std::string &command) {
  Session session(Fixture());
  session.AwaitReady();
  return Die(session, command);
}

void Signals() {
  const struct {
    const char *command;
    int signal;
    bool in_plugin; /* the faulting instruction is the plugin's */
  } cases[] = {{"ds", SIGSEGV, true},
               {"da", SIGABRT, false},
               {"di", SIGILL, true},
               {"dd", SIGFPE, true},
               {"do", SIGSEGV, true}};
  for (const auto &one : cases) {
    Death death = DieOf(one.command);
    printf("    %s %s: %.2f ms, %u frames%s\n", one.command, strsignal(one.signal), death.milliseconds,
           death.crash.frame_count, death.crash.scanned != 0 ? " found by scanning" : "");
    CHECK(WIFSIGNALED(death.status) && WTERMSIG(death.status) == one.signal);
    CHECK(death.state == RunnerState::kCrashed && death.recorded && death.crash.signal == one.signal);
    CHECK(death.crash.main_thread == 1 && death.crash.base != 0);
    bool plugin = death.crash.pc > death.crash.base && death.crash.pc < death.crash.base + 0x100000;
    CHECK(plugin == one.in_plugin);
    if (plugin) continue;
    for (uint32_t i = 0; i < death.crash.frame_count; i++) {
      plugin = plugin || (death.crash.frames[i] > death.crash.base &&
                          death.crash.frames[i] < death.crash.base + 0x100000);
    }
    CHECK(plugin); /* the caller of abort */
  }
  CHECK(DieOf("ds").crash.address == 8);
}

void Threads() {
  Death death = DieOf("dt");
  CHECK(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGSEGV && death.recorded);
  CHECK(death.crash.main_thread == 0 && death.crash.address == 64);
}

void Exits() {
  Death death = DieOf("dx");
  CHECK(WIFEXITED(death.status) && WEXITSTATUS(death.status) == 0 && death.state == RunnerState::kExited &&
        !death.recorded);
  death = DieOf("d_");
  CHECK(WIFEXITED(death.status) && death.state == RunnerState::kReady);
  printf("    _exit: seen after %.2f ms\n", death.milliseconds);
}

void Kills() {
  Death death = DieOf("dk");
  CHECK(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGKILL && !death.recorded);
  printf("    SIGKILL: seen after %.2f ms\n", death.milliseconds);
}

void CrashInNew() {
  Session session(Fixture());
  session.AwaitReady();
  uint64_t number = session.host.Send(TextRequest(kNew, 0, "crash"), 0);
  Message answer;
  CHECK(session.host.Await(number, Milliseconds(10000), &answer) == Wait::kGone);
  Breadcrumb crumb = {};
  session.host.ReadBreadcrumb(&crumb);
  CHECK(crumb.stage == static_cast<uint32_t>(Stage::kInNew) && crumb.instance == 1);
}

void Deadlines() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  uint64_t start = Now();
  uint64_t number = session.host.Send(MakeRequest(kCall, instance, Command("dh")), 0);
  Message answer;
  CHECK(session.host.Await(number, Milliseconds(50), &answer) == Wait::kTimeout);
  uint64_t waited = Now() - start;
  CHECK(waited >= Milliseconds(50));
  printf("    50 ms took %.2f ms\n", static_cast<double>(waited) / 1e6);
  session.Kill(SIGKILL);
  CHECK(session.host.Await(number, Milliseconds(10000), &answer) == Wait::kGone);
}

/* A host in a process of its own, which ends without notice while the plugin never returns. */
void HostsThatEnd() {
  for (int signal : {SIGKILL, 0}) {
    int report[2];
    CHECK(pipe(report) == 0);
    pid_t host = fork();
    if (host == 0) {
      Session *session = new Session(Fixture());
      session->AwaitReady();
      session->host.Send(MakeRequest(kCall, session->New(), Command("dc")), 0);
      if (write(report[1], &session->pid, sizeof(pid_t)) != sizeof(pid_t)) _exit(1);
      if (signal == 0) _exit(0);
      for (;;) pause();
    }
    close(report[1]);
    pid_t runner = 0;
    CHECK(read(report[0], &runner, sizeof(runner)) == sizeof(runner));
    close(report[0]);
    if (signal != 0) kill(host, signal);
    uint64_t start = Now();
    waitpid(host, nullptr, 0);
    std::string state = "/proc/" + std::to_string(runner);
    while (access(state.c_str(), F_OK) == 0 && Now() - start < Milliseconds(5000)) {
      FILE *file = fopen((state + "/stat").c_str(), "r");
      char line[256] = "", *at = file == nullptr ? nullptr : fgets(line, sizeof(line), file);
      if (file != nullptr) fclose(file);
      if (at == nullptr || strstr(line, ") Z ") != nullptr) break; /* ended, not yet reaped by init */
      usleep(200);
    }
    CHECK(Now() - start < Milliseconds(5000));
    printf("    the runner ended %.2f ms after its host\n", static_cast<double>(Now() - start) / 1e6);
  }
}

void ManyStarts() {
  for (int i = 0; i < 100; i++) {
    Session session(Fixture());
    session.AwaitReady();
    if (i % 2 == 0) session.Call(session.New(), Command("efine"));
    session.host.Close();
    int status = session.Reap();
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
  }
}

void NextGeneration() {
  double worst = 0;
  for (int i = 0; i < 20; i++) {
    Session first(Fixture());
    first.AwaitReady();
    uint32_t instance = first.New();
    uint64_t start = Now(), number = first.host.Send(MakeRequest(kCall, instance, Command("ds")), 0);
    Message answer;
    CHECK(first.host.Await(number, Milliseconds(10000), &answer) == Wait::kGone);
    Session second(Fixture());
    second.AwaitReady();
    CHECK(second.Call(second.New(), Command("efine")).size() == 4);
    worst = std::max(worst, static_cast<double>(Now() - start) / 1e6);
  }
  printf("    from the fault to the next runner's answer: %.2f ms at worst\n", worst);
}

}  // namespace

int main() {
  Run("a signal is recorded with its address and the call in flight, and the wait ends at once", Signals);
  Run("a crash of a plugin's own thread is recorded as such", Threads);
  Run("exit and _exit in a plugin are detected", Exits);
  Run("an external kill of the runner ends the wait", Kills);
  Run("a crash in new is attributed to new", CrashInNew);
  Run("a call that never returns ends at its deadline", Deadlines);
  Run("a runner ends with its host, no matter what the plugin does", HostsThatEnd);
  Run("a hundred runners end when their channel is closed", ManyStarts);
  Run("the next runner answers soon after a crash", NextGeneration);
  return 0;
}
