/* A host as the plugin sees it. It counts the plugin's calls. */
#ifndef TENON_CHECK_HOST_H
#define TENON_CHECK_HOST_H

#include <stdint.h>

#include <atomic>

#include "tenon.h"

namespace tenon::check {

class Host {
 public:
  Host();
  /* Must not move: plugins hold its address, possibly longer than they should. */
  Host(const Host &) = delete;
  Host &operator=(const Host &) = delete;

  const tenon_host *get() const { return &host_; }
  tenon_host *mutable_host() { return &host_; }

  /* Sets the path of the plugin's file, which every host knows from now on. It is never freed. */
  static void SetOrigin(const char *path) { origin_ = path; }

  /* Sets the status that `emit` returns. */
  void SetEmitStatus(tenon_status status) { emit_status_ = status; }
  /* Sets the milliseconds that `emit` takes. */
  void SetEmitDelay(uint32_t ms) { emit_delay_ = ms; }

  /* The number of threads that are in `emit`. */
  int emitting() const { return emitting_; }

  uint64_t events() const { return events_; }
  /* Events for which `emit` did not return TENON_OK. */
  uint64_t refused() const { return refused_; }
  uint64_t logs() const { return logs_; }
  /* Log entries that were not UTF-8, or had an unknown level. */
  uint64_t bad_logs() const { return bad_logs_; }
  /* Events without data. */
  uint64_t bad_events() const { return bad_events_; }

 private:
  static void Log(const tenon_host *host, int32_t level, const char *message, size_t length);
  static tenon_status Emit(const tenon_host *host, const uint8_t *data, size_t length);
  static const void *GetExtension(const tenon_host *host, const char *id);

  static const char *origin_;

  tenon_host host_;
  std::atomic<tenon_status> emit_status_{TENON_OK};
  std::atomic<uint32_t> emit_delay_{0};
  std::atomic<int> emitting_{0};
  std::atomic<uint64_t> events_{0}, refused_{0}, logs_{0}, bad_logs_{0}, bad_events_{0};
};

}  // namespace tenon::check

#endif
