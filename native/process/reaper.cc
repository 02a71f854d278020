#include "process/reaper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
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

void Reaper::OnTeardown(void *data) {
  Reaper *self = static_cast<Reaper *>(data);
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
