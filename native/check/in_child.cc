#include "check/in_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenon::check {
namespace {

/* The byte that the child writes after the result. */
constexpr char kFinished = '\n';

[[noreturn]] void BeChild(int out, pid_t parent, const std::function<std::string()> &work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  /* The report belongs to the parent, which runs the work itself if a crash has to be recorded. */
  for (int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) signal(crash, SIG_DFL);
  const std::string result = work() + kFinished;
  for (size_t sent = 0; sent < result.size();) {
    ssize_t count = write(out, result.data() + sent, result.size() - sent);
    if (count < 0 && errno != EINTR) break;
    if (count > 0) sent += static_cast<size_t>(count);
  }
  _exit(0);
}

/* Reads to the end of the result. A process that the plugin has started can keep the pipe open. */
std::string ReadResult(int in) {
  std::string all;
  char piece[4096];
  while (all.empty() || all.back() != kFinished) {
    const ssize_t count = read(in, piece, sizeof(piece));
    if (count == 0) break;
    if (count < 0 && errno != EINTR) break;
    if (count > 0) all.append(piece, static_cast<size_t>(count));
  }
  return all;
}

}  // namespace

ChildEnd RunInChild(const std::function<std::string()> &work) {
  ChildEnd end;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return end;
  fflush(nullptr);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    close(ends[0]);
    BeChild(ends[1], parent, work);
  }
  close(ends[1]);
  if (child > 0) end.text = ReadResult(ends[0]);
  close(ends[0]);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  end.finished = !end.text.empty() && end.text.back() == kFinished;
  if (end.finished) end.text.pop_back();
  return end;
}

}  // namespace tenon::check
