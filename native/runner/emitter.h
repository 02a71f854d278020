/* Events and log entries of a runner's instances, from any thread, into the ring that the host empties when
 * it likes. */
#ifndef TENON_RUNNER_EMITTER_H
#define TENON_RUNNER_EMITTER_H

#include <deque>
#include <mutex>
#include <unordered_map>

#include "channel/link.h"
#include "tenon.h"

namespace tenon {

/* Bounds on what of one instance may wait. */
struct EmitLimits {
  uint32_t messages = 1024;
  uint64_t bytes = 16 * 1024 * 1024;
};

/* One per process. Never destroyed: threads of the plugin may run longer than anything else. */
class Emitter {
 public:
  static void Start(HostLink *channel, const EmitLimits &limits);

  /* What the instance gets as its host. NULL if there is no memory. */
  static const tenon_host *Open(uint32_t instance);
  /* From here on `emit` returns TENON_CLOSED. */
  static void BeginClose(uint32_t instance);
  /* From here on `log` does nothing. */
  static void EndClose(uint32_t instance);

  /* Reports dropped log entries for which there was no room up to now. For the start of each request; the
   * next log entry of an instance does it too. */
  static void ReportDropped() {
    if (has_dropped_.load(std::memory_order_relaxed)) ReportAllDropped();
  }

 private:
  static void OnLog(const tenon_host *host, int32_t level, const char *message, size_t length);
  static void ReportAllDropped();
  static std::atomic<bool> has_dropped_;
};

}  // namespace tenon

#endif
