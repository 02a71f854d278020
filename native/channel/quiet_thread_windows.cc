#include <windows.h>

#include "channel/quiet_thread.h"

namespace tenon {
namespace {

constexpr SIZE_T kStack = 256 * 1024;

struct Start {
  void *(*run)(void *);
  void *argument;
  HANDLE begun;
};

DWORD WINAPI Run(void *given) {
  Start start = *static_cast<Start *>(given);
  SetEvent(start.begun);
  start.run(start.argument);
  return 0;
}

}  // namespace

/* A thread begins with the loader's lock, which a plugin may hold for ever while it is opened. So this waits until
 * the thread runs. */
bool StartQuietThread(void *(*run)(void *), void *argument) {
  Start start = {run, argument, CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  if (start.begun == nullptr) return false;
  HANDLE thread = CreateThread(nullptr, kStack, Run, &start, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
  if (thread != nullptr) {
    WaitForSingleObject(start.begun, INFINITE);
    CloseHandle(thread);
  }
  CloseHandle(start.begun);
  return thread != nullptr;
}

}  // namespace tenon
