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

#include "runner/limits.h"
#include "runner/shared_memory.h"

namespace tenon {
namespace {

/* The number of attempts to kill all processes, and the time between two of them in milliseconds. A process
 * that survives them is in an uninterruptible system call, or it creates new processes faster than they can be
 * killed. Attempts are counted, not time, because this process may be stopped in between. */
constexpr int kAttempts = 200;
constexpr int kLookAgain = 10;

/* Milliseconds between two looks at the shared memory of the plugin. */
constexpr int kLookAtMemory = 50;

bool finds_orphans;

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

FILE *OpenChildren() {
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
  return fopen(path, "re");
}

void KillChildren() {
  FILE *list = OpenChildren();
  if (list == nullptr) return KillChildrenByLooking();
  KillChildrenInList(list);
  fclose(list);
}

/* Returns whether this process becomes the parent of orphans and can find them. */
bool CanFindOrphans() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return false;
  if (FILE *list = OpenChildren()) return fclose(list) == 0;
  return access("/proc/self/stat", R_OK) == 0;
}

class Keeper {
 public:
  Keeper(pid_t runner, int life, int signals, uint64_t limit)
      : runner_(runner), life_(life), signals_(signals), limit_(limit) {}

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
    int ready = poll(files, 2, limit_ == 0 ? -1 : kLookAtMemory);
    if (ready < 0) return false;
    is_over_ = limit_ != 0 && ExceedsSharedMemory(limit_);
    return ReadSignals() || files[0].revents != 0 || is_over_;
  }

  /* Returns whether one of the signals was SIGTERM. */
  bool ReadSignals() {
    bool must_end = false;
    signalfd_siginfo signal;
    while (read(signals_, &signal, sizeof(signal)) == sizeof(signal)) must_end |= signal.ssi_signo == SIGTERM;
    return must_end;
  }

  /* Reaps children. Returns false when there are none left. The group of the runner is killed before the
   * runner is reaped: until then no other group can have its id. */
  bool Collect() {
    for (;;) {
      siginfo_t child = {};
      if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0) return errno != ECHILD;
      if (child.si_pid == 0) return true;
      bool is_runner = child.si_pid == runner_ && !ended_;
      if (is_runner) kill(-runner_, SIGKILL);
      int status;
      if (waitpid(child.si_pid, &status, 0) != child.si_pid || !is_runner) continue;
      ended_ = true;
      status_ = status;
    }
  }

  /* Kills children until there are none left. The children of a killed process become children of this
   * one. */
  void EndAll() {
    for (int i = 0; i < kAttempts && Collect(); i++) {
      KillChildren();
      pollfd news = {signals_, POLLIN, 0};
      if (poll(&news, 1, kLookAgain) > 0) ReadSignals();
    }
  }

  [[noreturn]] void EndLikeRunner() {
    if (is_over_) _exit(kExitMemory);
    if (ended_ && WIFEXITED(status_)) _exit(WEXITSTATUS(status_));
    int number = ended_ ? WTERMSIG(status_) : SIGKILL;
    const rlimit none = {1, 1}; /* see ApplyLimits */
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr); /* others may be pending */
    kill(getpid(), number);
    _exit(1);
  }

  pid_t runner_;
  int life_, signals_;
  uint64_t limit_;
  bool ended_ = false, is_over_ = false;
  int status_ = 0;
};

[[noreturn]] void KeepRunner(pid_t runner, int life, const sigset_t &awaited, uint64_t limit) {
  prctl(PR_SET_NAME, "tenon-keeper");
  int signals = signalfd(-1, &awaited, SFD_NONBLOCK | SFD_CLOEXEC);
  /* A stream must end when the plugin's processes have ended, not when this process does. */
  for (int file = 0; file <= 2; file++) close(file);
  CloseOtherFiles({std::min(life, signals), std::max(life, signals)});
  Keeper(runner, life, signals, limit).Run();
}

}  // namespace

bool Keep(int life, uint64_t limit) {
  /* The keeper takes no signal but these two. It cannot block SIGKILL and SIGSTOP. */
  sigset_t all, awaited, before;
  sigfillset(&all);
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_SETMASK, &all, &before);
  finds_orphans = CanFindOrphans();
  pid_t keeper = getpid(), runner = fork();
  if (runner < 0) return false;
  if (runner > 0) {
    setpgid(runner, runner);
    KeepRunner(runner, life, awaited, limit);
  }
  setpgid(0, 0); /* in both processes, because either may run first */
  sigprocmask(SIG_SETMASK, &before, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == keeper;
}

bool FindsOrphans() {
  return finds_orphans;
}

}  // namespace tenon
