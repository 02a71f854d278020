#include "runner/serve.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "channel/runner_end.h"
#include "runner/crash.h"
#include "runner/keeper.h"
#include "channel/pipe_end.h"
#include "channel/quiet_thread.h"
#include "runner/sandbox.h"
#include "runner/serve_options.h"
#include "runner/shared_memory.h"
#include "runner/session.h"
#include "runner/standard_output.h"

namespace tenon {
namespace {

/* Ends everything when the host is gone, in case the keeper is gone as well. The runner leads its process
 * group, so it also kills the processes that the plugin started. */
[[noreturn]] void EndWithHost() {
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(1);
}

/* The lifetime pipe, and the channel to notify if the pipe is closed. Never destroyed. */
struct Watch {
  int life;
  ChannelRunner *channel;
};

void *WatchHost(void *argument) {
  const Watch *watch = static_cast<const Watch *>(argument);
  pollfd host = {watch->life, 0, 0};
  while (poll(&host, 1, -1) <= 0) continue;
  /* The plugin closed the pipe before this thread could poll it. */
  if ((host.revents & POLLNVAL) != 0) watch->channel->EndCutOff();
  EndWithHost();
}

/* Starts a thread that watches the host, because the main thread may never return from the plugin. The host's
 * end of the pipe closes with the host, no matter how the host ends. */
bool StartWatcher(int life, ChannelRunner *channel) {
  return StartQuietThread(WatchHost, new Watch{life, channel});
}

/* Requests a signal at the end of the parent. The lifetime pipe is what detects that end. The signal is for a
 * host that is killed while the keeper is stopped: SIGCONT makes the keeper continue, so that it can do its
 * work. SIGKILL would leave the processes that the plugin started. The kernel also sends the signal when the
 * *thread* ends that started the runner. Returns false if the parent is already gone. */
bool EndWithParent(int parent) {
  prctl(PR_SET_PDEATHSIG, SIGCONT);
  return getppid() == parent; /* otherwise the parent ended earlier */
}

class Runner {
 public:
  explicit Runner(const ServeOptions &options) : options_(options) {}

  HostLink *link() const { return link_; }

  /* Does everything that precedes the plugin. Returns NULL, or the reason of the failure. */
  const char *Prepare() {
    const char *problem = options_.in < 0 ? OpenChannel() : OpenPipe();
    if (problem != nullptr) return problem;
    uint32_t active = kParentSignal;
    if (FindsOrphans()) active |= kOrphans;
    if (CloseOtherFiles(kept_)) active |= kClosedFiles;
    WriteLinesAtOnce();
    WatchForCrashes(link_);
    if (options_.limits.memory != 0) OwnMemory::CountApart();
    active |= ApplyLimits(options_.limits, link_->MappedSize());
    if (options_.limits.sandbox) { /* of this thread; later threads inherit it */
      SandboxState sandbox = EnterSandbox(options_.file, options_.limits);
      active |= sandbox.active;
      link_->facts().landlock_abi.store(sandbox.landlock_abi);
    }
    bool counts_shared = options_.limits.sandbox ? (active & kSeccomp) != 0 : ReportsSharedMemory();
    if (options_.limits.memory != 0 && counts_shared) active |= kSharedMemory;
    link_->facts().active.store(active);
    link_->facts().pid.store(static_cast<uint32_t>(getpid()));
    bool started = link_ == &pipe_ ? pipe_.Start() : StartWatcher(life_, &channel_);
    return started ? nullptr : "cannot start the thread that watches the host";
  }

 private:
  const char *OpenChannel() {
    int wake = HideFile(options_.wake);
    life_ = HideFile(options_.life);
    kept_ = {std::min(life_, wake), std::max(life_, wake)};
    link_ = &channel_;
    return channel_.Open(options_.shm, wake, SpinTime(options_.profile));
  }

  const char *OpenPipe() {
    int in = HideFile(options_.in), out = options_.out == options_.in ? in : HideFile(options_.out);
    kept_ = {std::min(in, out), std::max(in, out)};
    if (options_.bell >= 0) {
      int bell = HideFile(options_.bell);
      pipe_.SetBell(bell);
      kept_.push_back(bell);
      std::sort(kept_.begin(), kept_.end());
    }
    link_ = &pipe_;
    return pipe_.Open(in, out, EndWithHost);
  }

  const ServeOptions &options_;
  ChannelRunner channel_;
  PipeLink pipe_;
  HostLink *link_ = nullptr; /* the one in use */
  int life_ = -1;
  std::vector<int> kept_; /* descriptors, sorted */
};

}  // namespace

int Serve(int count, char **arguments) {
  ServeOptions options;
  const char *wrong = ReadServeOptions(count, arguments, &options);
  if (wrong != nullptr) {
    fprintf(stderr, "tenon-runner: %s is missing or wrong\nusage: %s\n", wrong, kServeUsage);
    return 2;
  }
  if (!EndWithParent(options.parent)) return 1;
  /* The sandbox refuses shared memory, so the keeper does not watch it. */
  uint64_t watched = options.limits.sandbox ? 0 : options.limits.memory;
  if (!Keep(options.life >= 0 ? options.life : options.in, watched)) {
    fprintf(stderr, "tenon-runner: cannot create a process\n");
    return 1;
  }
  /* Never destroyed, because threads of the plugin may run until the process ends. */
  Runner &runner = *new Runner(options);
  const char *problem = runner.Prepare();
  if (problem != nullptr) {
    fprintf(stderr, "tenon-runner: %s\n", problem);
    return 1;
  }
  Session &session = *new Session(runner.link(), options);
  /* _exit skips exit handlers, which would be the plugin's. */
  if (!session.Admit()) _exit(0);
  _exit(session.Run());
}

}  // namespace tenon
