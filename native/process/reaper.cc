#include "process/reaper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace tenon {
namespace {

constexpr int kPatience = 3000; /* milliseconds for a keeper to end everything */
constexpr int kPidFile = 3;     /* P_PIDFD, which older headers do not have */

void Signal(int pid_file, int signal) {
  syscall(SYS_pidfd_send_signal, pid_file, signal, nullptr, 0);
}

/* Ends and reaps the processes. A pidfd cannot refer to another process with a reused id. */
void *Reap(void *argument) {
  std::vector<int> *files = static_cast<std::vector<int> *>(argument);
  for (int file : *files) { /* a keeper may have been stopped */
    Signal(file, SIGTERM);
    Signal(file, SIGCONT);
  }
  for (int file : *files) {
    pollfd ended = {file, POLLIN, 0};
    if (poll(&ended, 1, kPatience) == 0) Signal(file, SIGKILL);
    siginfo_t info = {};
    while (waitid(static_cast<idtype_t>(kPidFile), static_cast<id_t>(file), &info, WEXITED) != 0 &&
           errno == EINTR)
      continue;
    close(file);
  }
  delete files;
  return nullptr;
}

/* Starts a thread that nothing waits for. It takes no signals of the program. */
void StartReaping(std::vector<int> *files) {
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, nullptr, Reap, files) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (started) {
    pthread_detach(thread);
    return;
  }
  for (int file : *files) close(file);
  delete files;
}

/* Returns whether the process is a runner or a keeper, and not one that the program has started. */
bool IsOurs(pid_t pid) {
  char path[64];
  char name[32] = "";
  snprintf(path, sizeof path, "/proc/%d/comm", static_cast<int>(pid));
  FILE *file = fopen(path, "re");
  if (file == nullptr) return false;
  bool read = fgets(name, sizeof name, file) != nullptr;
  fclose(file);
  return read && (strcmp(name, "tenon-runner\n") == 0 || strcmp(name, "tenon-keeper\n") == 0);
}

}  // namespace

Reaper *Reaper::Make(napi_env env) {
  Reaper *self = new Reaper;
  napi_add_env_cleanup_hook(env, OnTeardown, self);
  return self;
}

void Reaper::Add(pid_t pid) {
  int file = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (file >= 0 && !children_.emplace(pid, file).second) close(file);
}

void Reaper::Remove(pid_t pid) {
  auto found = children_.find(pid);
  if (found == children_.end()) return;
  close(found->second);
  children_.erase(found);
}

void Reaper::AddUnregistered() {
  pid_t thread = static_cast<pid_t>(syscall(SYS_gettid));
  if (thread == getpid()) return; /* the children of the main thread end with the process */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", static_cast<int>(thread));
  FILE *file = fopen(path, "re");
  if (file == nullptr) return;
  for (int pid; fscanf(file, "%d", &pid) == 1;) {
    if (IsOurs(pid)) Add(pid);
  }
  fclose(file);
}

void Reaper::OnTeardown(void *data) {
  Reaper *self = static_cast<Reaper *>(data);
  self->AddUnregistered();
  std::vector<int> *files = new std::vector<int>;
  for (const auto &child : self->children_) files->push_back(child.second);
  delete self;
  if (files->empty()) {
    delete files;
  } else {
    StartReaping(files);
  }
}

}  // namespace tenon
