/* The location of a crash in the code, found by a signal handler without touching memory that may be
 * invalid. */
#ifndef TENON_PLUGIN_FRAMES_H
#define TENON_PLUGIN_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__APPLE__)
#include <sys/ucontext.h>
#elif !defined(_WIN32)
#include <ucontext.h>
#endif

namespace tenon {

/* The number of frames that are collected. More add no information. */
constexpr size_t kMaxFrames = 24;

struct Registers {
  uintptr_t pc, sp, frame;
};

#if !defined(_WIN32)
Registers RegistersOf(const ucontext_t *context);
#endif

/* The executable segments of a library, and the load address of its file. All zero if unknown. */
struct CodeRange {
  uintptr_t base, start, end;
};

/* Returns the range of the library that has code at `address`. Not async-signal-safe. */
CodeRange FindCode(uintptr_t address);

/* Declares the code from `start` to `end` as the plugin's. Its addresses are worth reporting. */
void SetFrameCode(uintptr_t start, uintptr_t end);

#if defined(_WIN32)
/* Collects the return addresses that lead to a CONTEXT, the innermost first, at most kMaxFrames. May fault if the
 * stack is damaged. */
uint32_t CollectFrames(const void *context, uint64_t *frames);
#endif

/* Collects the return addresses that lead to the registers, the innermost first, at most kMaxFrames. Follows
 * frame pointers. If those do not reach the plugin, it scans the stack, and `scanned` receives true.
 * Async-signal-safe. */
uint32_t CollectFrames(const Registers &registers, uint64_t *frames, bool *scanned = nullptr);

}  // namespace tenon

#endif
