/* Input and output on one end of a pipe or socket, which waits. Every system has an implementation of its own. */
#ifndef TENON_CHANNEL_PIPE_FILE_H
#define TENON_CHANNEL_PIPE_FILE_H

#include <stdint.h>

namespace tenon {

#if defined(_WIN32)
/* A HANDLE. */
using PipeFile = void *;
constexpr PipeFile kNoPipeFile = nullptr;
#else
using PipeFile = int;
constexpr PipeFile kNoPipeFile = -1;
#endif

enum class PipeState {
  kOpen,
  kEnded, /* the other end is gone */
  kCut,   /* the plugin has closed this end */
};

/* Returns whether the file is a socket. Writing to one must not raise a signal when the other end is gone. */
bool IsSocket(PipeFile file);

/* Waits for bytes and reads at most `size` of them. `got` receives their number if the state is kOpen. */
PipeState ReadSome(PipeFile file, void *to, uint64_t size, uint64_t *got);

/* Waits for room and writes at most `size` bytes. `done` receives their number if the state is kOpen.
 * Async-signal-safe. */
PipeState WriteSome(PipeFile file, bool is_socket, const void *bytes, uint64_t size, uint64_t *done);

/* Waits for a millisecond. Async-signal-safe. */
void PauseShortly();

/* Ends this process at once, without any exit handler. */
[[noreturn]] void EndAtOnce(int code);

}  // namespace tenon

#endif
