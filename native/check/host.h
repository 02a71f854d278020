/* A host as a plugin sees it, that keeps count of what the plugin does with it. */
#ifndef TENON_CHECK_HOST_H
#define TENON_CHECK_HOST_H

#include <stdint.h>

#include <atomic>

#include "tenon.h"

namespace tenon::check {

class Host {
 public:
  Host();
  /* Must not move: plugins know its address, maybe longer than they should. */
  Host(const Host &) = delete;
  Host &operator=(const Host &) = delete;

  const tenon_host *get() const { return &host_; }
  tenon_host *mutable_host() { return &host_; }

  /* What `emit` answers from now on. */
  void SetEmitStatus(tenon_status status) { emit_status_ = status; }
  /* How many milliseconds `emit` takes from now on. */
  void SetEmitDelay(uint32_t ms) { emit_delay_ = ms; }

  /* Threads that are in `emit` right now. */
  int emitting() const { return emitting_; }

  uint64_t events() const { return events_; }
  /* Events while `emit` answered something other than TENON_OK. */
  uint64_t refused() const { return refused_; }
  uint64_t logs() const { return logs_; }
  /* Log entries that were not UTF-8, or of a level that there is not. */
  uint64_t bad_logs() const { return bad_logs_; }
  /* Events without data. */
  uint64_t bad_events() const { return bad_events_; }

 private:
  static void Log(const tenon_host *host, int32_t level, const char *message, size_t length);
  static tenon_status Emit(const tenon_host *host, const uint8_t *data, size_t length);
  static const void *GetExtension(const tenon_host *host, const char *id);

  tenon_host host_;
  std::atomic<tenon_status> emit_status_{TENON_OK};
  std::atomic<uint32_t> emit_delay_{0};
  std::atomic<int> emitting_{0};
  std::atomic<uint64_t> events_{0}, refused_{0}, logs_{0}, bad_logs_{0}, bad_events_{0};
};

}  // namespace tenon::check

#endif
