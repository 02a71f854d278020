/* Events and log entries of a runner's instances, written by any thread to the ring that the host reads. */
#ifndef TENON_RUNNER_EMITTER_H
#define TENON_RUNNER_EMITTER_H

#include <deque>
#include <mutex>
#include <unordered_map>

#include "channel/link.h"
#include "tenon.h"

namespace tenon {

/* The limits for the records of one instance that the host has not consumed. */
struct EmitLimits {
  uint32_t messages = 1024;
  uint64_t bytes = 16 * 1024 * 1024;
};

/* The emitter of the process. Never destroyed, because threads of the plugin may run until the process
 * ends. */
class Emitter {
 public:
  /* `origin`: the path of the plugin's original file, never freed. */
  static void Start(HostLink *channel, const EmitLimits &limits, const char *origin);

  /* Returns the host struct for an instance, or NULL if memory is exhausted. */
  static const tenon_host *Open(uint32_t instance);
  /* Begins to close an instance: from here on `emit` returns TENON_CLOSED. */
  static void BeginClose(uint32_t instance);
  /* Ends the close: from here on `log` does nothing. */
  static void EndClose(uint32_t instance);

  /* Reports dropped log entries whose report did not fit so far. Called at the start of each request. The
   * next log entry of an instance does the same. */
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
