#include "serve.h"

#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "crash.h"
#include "gates.h"
#include "sandbox.h"
#include "serve_options.h"
#include "server.h"

namespace tenon {
namespace {

constexpr size_t kWatcherStack = 64 * 1024;

/* Ends everything at once when the host is gone. As the leader of its process group, the runner takes along what the plugin has
 * started. */
[[noreturn]] void EndWithHost() {
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(1);
}

void *WatchHost(void *life) {
  pollfd host = {static_cast<int>(reinterpret_cast<intptr_t>(life)), 0, 0};
  while (poll(&host, 1, -1) <= 0) continue;
  EndWithHost();
}

/* A thread, because the other one may never come back from the plugin. The host's end of the pipe closes with the host, whatever
 * way it ends. */
bool StartWatcher(int life) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kWatcherStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&thread, &attributes, WatchHost, reinterpret_cast<void *>(static_cast<intptr_t>(life))) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

/* The kernel sends this signal when the *thread* ends that has started the runner, which is right for a worker: its channel goes
 * with it. The pipe is what counts; this is for a host that is killed while the runner is stopped. */
bool EndWithParent(int parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == parent; /* otherwise it ended before */
}

struct CodeRange {
  uintptr_t address, base, start, end;
};

/* The executable segments of the library that has code at `address`. */
void ReportCode(uintptr_t address) {
  CodeRange range = {address, 0, UINTPTR_MAX, 0};
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    CodeRange *wanted = static_cast<CodeRange *>(data);
    uintptr_t start = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
      const ElfW(Phdr) &header = info->dlpi_phdr[i];
      if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
      start = std::min<uintptr_t>(start, info->dlpi_addr + header.p_vaddr);
      end = std::max<uintptr_t>(end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
    }
    if (wanted->address < start || wanted->address >= end) return 0;
    *wanted = {wanted->address, info->dlpi_addr, start, end};
    return 1;
  };
  if (dl_iterate_phdr(visit, &range) == 1) SetPluginCode(range.base, range.start, range.end);
}

class Runner {
 public:
  explicit Runner(const ServeOptions &options) : options_(options) {}

  /* Everything before the plugin. NULL, or what went wrong. */
  const char *Prepare() {
    int life = HideFile(options_.life), wake = HideFile(options_.wake);
    const char *problem = channel_.Open(options_.shm, wake, SpinTime(options_.profile));
    if (problem != nullptr) return problem;
    uint32_t active = kParentSignal;
    std::vector<int> kept = {std::min(life, wake), std::max(life, wake)};
    if (CloseOtherFiles(kept)) active |= kClosedFiles;
    /* What the plugin printed before it crashed should be there, also without a terminal. */
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    WatchForCrashes(&channel_);
    active |= ApplyLimits(options_.limits, channel_.memory().size());
    if (options_.limits.sandbox) { /* of this thread: the others inherit it */
      SandboxState sandbox = EnterSandbox(options_.file, options_.limits);
      active |= sandbox.active;
      channel_.facts().landlock_abi.store(sandbox.landlock_abi);
    }
    channel_.facts().active.store(active);
    channel_.facts().pid.store(static_cast<uint32_t>(getpid()));
    return StartWatcher(life) ? nullptr : "the thread that watches the host cannot be started";
  }

  /* Walks the gates. False if the plugin is refused, which the host has been told then. */
  bool Admit() {
    At(Stage::kOpen);
    if (!gates_.Open(options_.file.c_str())) return Refuse(gates_.refusal());
    ReportCode(gates_.entry());
    At(Stage::kVersion);
    if (!gates_.Version()) return Refuse(gates_.refusal());
    if (gates_.version() != options_.abi) return RefuseDifferent("ERR_TENON_VERSION_MISMATCH", "ABI", gates_.version(), options_.abi);
    At(Stage::kName);
    if (!gates_.Name()) return Refuse(gates_.refusal());
    if (gates_.name() != options_.name) return RefuseDifferent("ERR_TENON_BAD_NAME", "name", gates_.name(), options_.name);
    At(Stage::kVtable);
    if (!gates_.Vtable()) return Refuse(gates_.refusal());
    At(Stage::kIdle);
    return true;
  }

  int Run() {
    Emitter::Start(&channel_, options_.queue);
    channel_.SetState(RunnerState::kReady);
    Say(kReady, "");
    Server server(&channel_, &gates_);
    bool told = server.Run();
    ExpectExit();
    channel_.SetState(told ? RunnerState::kStopped : RunnerState::kBroken);
    if (!told) channel_.Alarm();
    fflush(nullptr);
    return told ? 0 : 1;
  }

 private:
  void At(Stage stage) { channel_.breadcrumb().stage.store(static_cast<uint32_t>(stage), std::memory_order_release); }

  void Say(Operation operation, const std::string &text) {
    Record record = {};
    record.operation = operation;
    channel_.Send(record, reinterpret_cast<const uint8_t *>(text.data()), text.size());
  }

  bool Refuse(const Refusal &refusal) {
    ExpectExit();
    fflush(nullptr);
    Say(kRefused, std::string(refusal.code) + "\n" + refusal.message);
    channel_.SetState(RunnerState::kRefused);
    return false;
  }

  /* The host has judged another answer of the same file. */
  bool RefuseDifferent(const char *code, const char *what, const std::string &found, const std::string &expected) {
    return Refuse({code, std::string("it states the ") + what + " " + Quote(found) + ", but stated " + Quote(expected) +
                             " when it was admitted"});
  }

  const ServeOptions &options_;
  ChannelRunner channel_;
  Gates gates_;
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
  /* Never destroyed: threads of the plugin may run until the very end. */
  Runner &runner = *new Runner(options);
  const char *problem = runner.Prepare();
  if (problem != nullptr) {
    fprintf(stderr, "tenon-runner: %s\n", problem);
    return 1;
  }
  /* Without exit handlers, which would be the plugin's. */
  if (!runner.Admit()) _exit(0);
  _exit(runner.Run());
}

}  // namespace tenon
