/* Compiled, but never run. */
#include "runner/serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "channel/pipe_end.h"
#include "runner/crash.h"
#include "runner/serve_options.h"
#include "runner/session.h"
#include "runner/standard_output.h"

namespace tenon {
namespace {

/* Ends everything when the host is gone. The runner leads its process group, so it also kills the processes that the
 * plugin started, except for those that have left the group: nothing adopts orphans here. */
[[noreturn]] void EndWithHost() {
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(1);
}

/* Does everything that precedes the plugin. Returns NULL, or the reason of the failure. */
const char *Prepare(const ServeOptions &options, PipeLink *link) {
  int in = HideFile(options.in), out = options.out == options.in ? in : HideFile(options.out);
  const char *problem = link->Open(in, out, EndWithHost);
  if (problem != nullptr) return problem;
  uint32_t active = kParentSignal;
  if (CloseOtherFiles({std::min(in, out), std::max(in, out)})) active |= kClosedFiles;
  WriteLinesAtOnce();
  WatchForCrashes(link);
  link->facts().active.store(active | ApplyLimits(options.limits, 0));
  link->facts().pid.store(static_cast<uint32_t>(getpid()));
  return link->Start() ? nullptr : "cannot start the thread that watches the host";
}

/* Returns the option that this system cannot honour, or NULL. */
const char *Unsupported(const ServeOptions &options) {
  if (options.in < 0) return "--shm";
  if (options.limits.sandbox) return "--sandbox";
  return options.limits.memory != 0 ? "--memory" : nullptr;
}

}  // namespace

int Serve(int count, char **arguments) {
  /* Never destroyed, because threads of the plugin may run until the process ends. */
  ServeOptions &options = *new ServeOptions;
  const char *wrong = ReadServeOptions(count, arguments, &options);
  if (wrong == nullptr) wrong = Unsupported(options);
  if (wrong != nullptr) {
    fprintf(stderr, "tenon-runner: %s is missing or wrong\nusage: %s\n", wrong, kServeUsage);
    return 2;
  }
  if (getppid() != options.parent) return 1; /* the host has ended */
  PipeLink &link = *new PipeLink;
  const char *problem = Prepare(options, &link);
  if (problem != nullptr) {
    fprintf(stderr, "tenon-runner: %s\n", problem);
    return 1;
  }
  Session &session = *new Session(&link, options);
  /* _exit skips exit handlers, which would be the plugin's. */
  if (!session.Admit()) _exit(0);
  _exit(session.Run());
}

}  // namespace tenon
