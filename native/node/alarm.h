/* A timer of the event loop for waits that are shorter than the millisecond of libuv's own timers. Exists on
 * Linux only. */
#ifndef TENON_NODE_ALARM_H
#define TENON_NODE_ALARM_H

#include <node_api.h>
#include <stdint.h>

#include "node/uv_loop.h"

namespace tenon {

/* Used on the environment's thread only. Deletes itself at the end of the environment. */
class Alarm {
 public:
  /* Creates an alarm that calls `callback` without arguments each time that it goes off. It does not keep the
   * event loop alive. Returns NULL if this system has none. */
  static Alarm *Make(napi_env env, napi_value callback);
  Alarm(const Alarm &) = delete;
  Alarm &operator=(const Alarm &) = delete;

  /* Lets the alarm go off once after that time, instead of the time that was set before. 0 stops it. */
  void Set(uint64_t nanoseconds);

 private:
  explicit Alarm(napi_env env) : env_(env) {}
  ~Alarm();
  bool Open(napi_value callback);
  void Call();
  static void OnExpired(uv_any_handle *handle, int status, int events);
  static void OnClosed(uv_any_handle *handle);
  static void OnTeardown(napi_async_cleanup_hook_handle, void *self);

  const napi_env env_;
  int file_ = -1;
  uv_any_handle *poll_ = nullptr;
  napi_ref callback_ = nullptr, receiver_ = nullptr;
  napi_async_context async_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace tenon

#endif
