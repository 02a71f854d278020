/* Where in the code a crash happened: what a signal handler can find out without touching anything that may
 * be broken. */
#ifndef TENON_PLUGIN_FRAMES_H
#define TENON_PLUGIN_FRAMES_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

namespace tenon {

/* More frames than this tell nothing new. */
constexpr size_t kMaxFrames = 24;

struct Registers {
  uintptr_t pc, sp, frame;
};

Registers RegistersOf(const ucontext_t *context);

/* The executable segments of a library, and where its file begins. Empty if nothing is known. */
struct CodeRange {
  uintptr_t base, start, end;
};

/* Of the library that has code at `address`. Not for signal handlers. */
CodeRange FindCode(uintptr_t address);

/* Code from `start` to `end` is the plugin's: addresses in there are worth reporting. */
void SetFrameCode(uintptr_t start, uintptr_t end);

/* The return addresses on the way to the registers, the innermost first, at most kMaxFrames: by frame
 * pointers or, where these lead nowhere near the plugin, by scanning the stack, which `scanned` then tells.
 * Async-signal-safe. */
uint32_t CollectFrames(const Registers &registers, uint64_t *frames, bool *scanned = nullptr);

}  // namespace tenon

#endif
