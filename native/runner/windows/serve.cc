#include "runner/serve.h"

#include <stdio.h>
#include <windows.h>

#include "channel/pipe_end.h"
#include "channel/quiet_thread.h"
#include "runner/crash.h"
#include "runner/serve_options.h"
#include "runner/session.h"
#include "runner/standard_output.h"

namespace tenon {
namespace {

/* The job ends what the plugin has started. */
void EndWithHost() {
  EndAtOnce(1);
}

/* Waits for the end of the lifetime pipe, into which nothing is written. Node.js closes it with the thread that has
 * started the runner, and the system with the host. */
void *WatchHost(void *life) {
  char byte;
  uint64_t got;
  while (ReadSome(life, &byte, 1, &got) == PipeState::kOpen) continue;
  EndWithHost();
  return nullptr;
}

/* Does everything that precedes the plugin. Returns NULL, or the reason of the failure. */
const char *Prepare(const ServeOptions &options, PipeLink *link) {
  const char *problem = link->Open(HideFile(options.in), HideFile(options.out), EndWithHost);
  if (problem != nullptr) return problem;
  if (options.bell >= 0) link->SetBell(HideFile(options.bell));
  WriteLinesAtOnce();
  WatchForCrashes(link);
  link->facts().active.store(ApplyLimits(options.limits, 0) | kParentSignal);
  link->facts().pid.store(GetCurrentProcessId());
  bool watched = options.life < 0 || StartQuietThread(WatchHost, HideFile(options.life));
  return watched && link->Start() ? nullptr : "cannot start the thread that watches the host";
}

/* Returns the option that this system cannot honour, or NULL. */
const char *Unsupported(const ServeOptions &options) {
  if (options.in < 0) return "--shm";
  if (options.limits.sandbox) return "--sandbox";
  if (options.limits.cpu != 0) return "--cpu";
  return options.limits.files != 0 ? "--files" : nullptr;
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
  PipeLink &link = *new PipeLink;
  const char *problem = Prepare(options, &link);
  if (problem != nullptr) {
    fprintf(stderr, "tenon-runner: %s\n", problem);
    return 1;
  }
  Session &session = *new Session(&link, options);
  /* Ends at once, because exit handlers and DllMain would be the plugin's. */
  if (!session.Admit()) EndAtOnce(0);
  EndAtOnce(session.Run());
}

}  // namespace tenon
