/* The signals that a fault raises: their handlers, and what one of them finds out about the fault. */
#ifndef TENON_PLUGIN_FAULT_SIGNALS_H
#define TENON_PLUGIN_FAULT_SIGNALS_H

#include <signal.h>
#include <stdint.h>

#include "plugin/frames.h"

namespace tenon {

/* What a signal handler finds out. Addresses as in the process. */
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

/* Handles the signals of a fault, on a stack of its own for this thread. `handler` may only do what a signal
 * handler may, and ends with EndBySignal. */
void HandleFaults(void (*handler)(int, siginfo_t *, void *));

/* The plugin's library: addresses in there are worth reporting. */
void SetPluginCode(const CodeRange &code);

/* Async-signal-safe, as are those below. */
void ReadFault(int signal, const siginfo_t *info, const void *context, Fault *fault);

/* Ends the process by the very signal, once the handler has returned. */
void EndBySignal(int signal);

}  // namespace tenon

#endif
