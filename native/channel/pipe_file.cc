#include "channel/pipe_file.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace tenon {
namespace {

#if defined(MSG_NOSIGNAL)
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0; /* macOS has SO_NOSIGPIPE instead */
#endif

/* Waits for a file that the other end may have made non-blocking. */
void AwaitFile(int file, short events) {
  pollfd wanted = {file, events, 0};
  poll(&wanted, 1, -1);
}

bool IsAgain() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

bool IsSocket(int file) {
  int type;
  socklen_t size = sizeof(type);
  if (getsockopt(file, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
#if defined(SO_NOSIGPIPE)
  int on = 1;
  setsockopt(file, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
  return true;
}

PipeState ReadSome(int file, void *to, uint64_t size, uint64_t *got) {
  for (;;) {
    ssize_t read_now = read(file, to, size);
    if (read_now > 0) {
      *got = static_cast<uint64_t>(read_now);
      return PipeState::kOpen;
    }
    if (read_now < 0 && IsAgain()) {
      AwaitFile(file, POLLIN);
    } else if (read_now < 0 && errno == EBADF) {
      return PipeState::kCut;
    } else if (read_now == 0 || errno != EINTR) {
      return PipeState::kEnded;
    }
  }
}

PipeState WriteSome(int file, bool is_socket, const void *bytes, uint64_t size, uint64_t *done) {
  for (;;) {
    ssize_t written = is_socket ? send(file, bytes, size, kNoSignal) : write(file, bytes, size);
    if (written >= 0) {
      *done = static_cast<uint64_t>(written);
      return PipeState::kOpen;
    }
    if (IsAgain()) {
      AwaitFile(file, POLLOUT);
    } else if (errno == EBADF) {
      return PipeState::kCut;
    } else if (errno != EINTR) {
      return PipeState::kEnded;
    }
  }
}

void PauseShortly() {
  const timespec pause = {0, 1000000};
  nanosleep(&pause, nullptr);
}

void EndAtOnce(int code) {
  _exit(code);
}

}  // namespace tenon
