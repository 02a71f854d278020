/* Handlers for the signals that a fault raises, and the facts about a fault that a handler can collect. */
#ifndef TENON_PLUGIN_FAULT_SIGNALS_H
#define TENON_PLUGIN_FAULT_SIGNALS_H

#include <signal.h>
#include <stdint.h>

#include "plugin/frames.h"

namespace tenon {

/* The facts about a fault. Addresses are those of the process. */
struct Fault {
  int signal;
  int code;         /* si_code */
  uint32_t thread;  /* its number in the system */
  bool main_thread; /* the thread that makes the calls, which is the first of the process */
  uint64_t address; /* that could not be accessed, where the signal is about one */
  uint64_t pc;
  uint64_t sp;
  uint64_t base; /* of the plugin's library: subtract it for addresses in the file */
  uint32_t frame_count;
  bool scanned; /* frames are words of the stack that look like return addresses, not a walked chain */
  uint64_t frames[kMaxFrames];
};

/* Installs `handler` for the signals of a fault, on an alternate stack for this thread. The handler must be
 * async-signal-safe and must end with EndBySignal. */
void HandleFaults(void (*handler)(int, siginfo_t *, void *));

/* Sets the code of the plugin's library. Frames in it are worth reporting. */
void SetPluginCode(const CodeRange &code);

/* Collects the facts. Async-signal-safe. */
void ReadFault(int signal, const siginfo_t *info, const void *context, Fault *fault);

/* Makes the signal end the process as soon as the handler has returned. Async-signal-safe. */
void EndBySignal(int signal);

}  // namespace tenon

#endif
