#include "runner/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "runner/limits.h"

namespace tenon {
namespace {

/* The time to kill all processes, in nanoseconds. A process that survives it is in an uninterruptible system
 * call, or it creates new processes faster than they can be killed. */
constexpr uint64_t kPatience = 2000000000;
constexpr int kLookAgain = 10; /* milliseconds */

/* Kills the listed processes. Only children are safe to kill: a child's pid cannot be reused before it is
 * reaped. */
void KillChildrenInList(FILE *list) {
  int child;
  while (fscanf(list, "%d", &child) == 1) kill(child, SIGKILL);
}

bool IsOwnChild(const char *name) {
  char path[64], line[512] = "";
  snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
  FILE *file = fopen(path, "re");
  if (file == nullptr) return false;
  size_t size = fread(line, 1, sizeof(line) - 1, file);
  fclose(file);
  line[size] = 0;
  const char *end = strrchr(line, ')'); /* end of the name, which may contain any character */
  int parent;
  return end != nullptr && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid();
}

/* Kills the children on kernels that do not list them. */
void KillChildrenByLooking() {
  DIR *processes = opendir("/proc");
  if (processes == nullptr) return;
  while (const dirent *entry = readdir(processes)) {
    int process = atoi(entry->d_name);
    if (process > 0 && IsOwnChild(entry->d_name)) kill(process, SIGKILL);
  }
  closedir(processes);
}

void KillChildren() {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
  FILE *list = fopen(path, "re");
  if (list == nullptr) return KillChildrenByLooking();
  KillChildrenInList(list);
  fclose(list);
}

class Keeper {
 public:
  Keeper(pid_t runner, int life, int signals) : runner_(runner), life_(life), signals_(signals) {}

  [[noreturn]] void Run() {
    while (!ended_ && !IsToEnd()) Collect();
    if (!ended_) kill(-runner_, SIGKILL);
    EndAll();
    EndLikeRunner();
  }

 private:
  /* Waits for an event. Returns whether everything must end although the runner has not. */
  bool IsToEnd() {
    pollfd files[] = {{life_, 0, 0}, {signals_, POLLIN, 0}};
    if (poll(files, 2, -1) < 0) return false;
    bool must_end = files[0].revents != 0;
    signalfd_siginfo signal;
    while (read(signals_, &signal, sizeof(signal)) == sizeof(signal)) must_end |= signal.ssi_signo == SIGTERM;
    return must_end;
  }

  /* Reaps children. Returns false when there are none left. */
  bool Collect() {
    int status;
    for (;;) {
      pid_t child = waitpid(-1, &status, WNOHANG);
      if (child == 0) return true;
      if (child < 0) return errno != ECHILD;
      if (child != runner_) continue;
      ended_ = true;
      status_ = status;
    }
  }

  /* Kills children until there are none left. The children of a killed process become children of this
   * one. */
  void EndAll() {
    for (uint64_t end = Now() + kPatience; Collect() && Now() < end;) {
      KillChildren();
      pollfd news = {signals_, POLLIN, 0};
      signalfd_siginfo signal;
      if (poll(&news, 1, kLookAgain) > 0 && read(signals_, &signal, sizeof(signal)) < 0) continue;
    }
  }

  [[noreturn]] void EndLikeRunner() {
    if (ended_ && WIFEXITED(status_)) _exit(WEXITSTATUS(status_));
    int number = ended_ ? WTERMSIG(status_) : SIGKILL;
    const rlimit none = {1, 1}; /* see ApplyLimits */
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigset_t all;
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    kill(getpid(), number);
    _exit(1);
  }

  pid_t runner_;
  int life_, signals_;
  bool ended_ = false;
  int status_ = 0;
};

[[noreturn]] void KeepRunner(pid_t runner, int life, const sigset_t &awaited) {
  prctl(PR_SET_NAME, "tenon-keeper");
  int signals = signalfd(-1, &awaited, SFD_NONBLOCK | SFD_CLOEXEC);
  /* A stream must end when the plugin's processes have ended, not when this process does. */
  for (int file = 0; file <= 2; file++) close(file);
  CloseOtherFiles({std::min(life, signals), std::max(life, signals)});
  Keeper(runner, life, signals).Run();
}

}  // namespace

bool Keep(int life) {
  sigset_t awaited, before;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_BLOCK, &awaited, &before);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t keeper = getpid(), runner = fork();
  if (runner < 0) return false;
  if (runner > 0) {
    setpgid(runner, runner);
    KeepRunner(runner, life, awaited);
  }
  setpgid(0, 0); /* in both processes, because either may run first */
  sigprocmask(SIG_SETMASK, &before, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == keeper;
}

}  // namespace tenon
