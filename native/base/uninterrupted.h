/* System calls that go on when a signal handler interrupts them. */
#ifndef TENON_BASE_UNINTERRUPTED_H
#define TENON_BASE_UNINTERRUPTED_H

#include <errno.h>
#include <poll.h>

#include "base/clock.h"

namespace tenon {

/* Repeats a call until no signal interrupts it. Returns its result. */
template <typename Call>
auto Uninterrupted(const Call &call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/* Waits until the file has one of its events. Returns whether it has one before the time is over. */
inline bool PollFor(pollfd *file, int milliseconds) {
  constexpr uint64_t kMillisecond = 1000000;
  const uint64_t end = Now() + static_cast<uint64_t>(milliseconds) * kMillisecond;
  for (;;) {
    const uint64_t now = Now();
    const int left = now < end ? static_cast<int>((end - now + kMillisecond - 1) / kMillisecond) : 0;
    const int ready = poll(file, 1, left);
    if (ready >= 0 || errno != EINTR || left == 0) return ready > 0;
  }
}

}  // namespace tenon

#endif
