#include <windows.h>

#include <algorithm>

#include "channel/pipe_file.h"

namespace tenon {
namespace {

constexpr uint64_t kMostAtOnce = 1 << 20;

PipeState FailedState() {
  return GetLastError() == ERROR_INVALID_HANDLE ? PipeState::kCut : PipeState::kEnded;
}

}  // namespace

bool IsSocket(PipeFile) {
  return false;
}

PipeState ReadSome(PipeFile file, void *to, uint64_t size, uint64_t *got) {
  for (;;) {
    DWORD read_now = 0;
    DWORD most = static_cast<DWORD>(std::min(size, kMostAtOnce));
    if (!ReadFile(file, to, most, &read_now, nullptr)) return FailedState();
    if (read_now == 0) continue; /* the other end wrote nothing, which is not its end */
    *got = read_now;
    return PipeState::kOpen;
  }
}

PipeState WriteSome(PipeFile file, bool, const void *bytes, uint64_t size, uint64_t *done) {
  DWORD written = 0;
  DWORD most = static_cast<DWORD>(std::min(size, kMostAtOnce));
  if (!WriteFile(file, bytes, most, &written, nullptr)) return FailedState();
  *done = written;
  return PipeState::kOpen;
}

void PauseShortly() {
  Sleep(1);
}

void EndAtOnce(int code) {
  TerminateProcess(GetCurrentProcess(), static_cast<UINT>(code));
  for (;;) Sleep(INFINITE);
}

}  // namespace tenon
