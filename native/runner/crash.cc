#include "runner/crash.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/fault_signals.h"

namespace tenon {
namespace {

/* The state of the handler, set before the plugin runs. */
struct {
  HostLink *channel;
  pid_t process;
  bool expected;
} watch;

void Write(const Fault &fault, CrashRecord *crash) {
  crash->signal = fault.signal;
  crash->code = fault.code;
  crash->thread = fault.thread;
  crash->main_thread = fault.main_thread;
  crash->address = fault.address;
  crash->pc = fault.pc;
  crash->sp = fault.sp;
  crash->base = fault.base;
  crash->frame_count = fault.frame_count;
  crash->scanned = fault.scanned;
  memcpy(crash->frames, fault.frames, sizeof(crash->frames));
}

/* Async-signal-safe. */
void OnSignal(int signal, siginfo_t *info, void *context) {
  if (getpid() == watch.process) { /* not in a child that the plugin has forked */
    CrashRecord *crash = &watch.channel->crash();
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&crash->written, &none, 2, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      Fault fault = {};
      ReadFault(signal, info, context, &fault);
      Write(fault, crash);
      StoreWord(&crash->written, 1);
      watch.channel->SetState(RunnerState::kCrashed);
      watch.channel->Alarm();
    }
  }
  EndBySignal(signal);
}

void OnExit() {
  if (watch.expected || getpid() != watch.process) return;
  watch.channel->SetState(RunnerState::kExited);
  watch.channel->Alarm();
}

}  // namespace

void WatchForCrashes(HostLink *channel) {
  watch.channel = channel;
  watch.process = getpid();
  atexit(OnExit);
  HandleFaults(OnSignal);
}

void WatchPlugin(uintptr_t entry) {
  SetPluginCode(FindCode(entry));
}

void ExpectExit() {
  watch.expected = true;
}

}  // namespace tenon
