/* A hook that can delay the sleep of an environment's event loop. Sleeping and waking up can take ten times
 * as long as the event that is expected, so a caller that expects an event soon spins for a moment here. */
#ifndef TENON_NODE_LOOP_WAIT_H
#define TENON_NODE_LOOP_WAIT_H

#include <node_api.h>

#include "node/uv_loop.h"

namespace tenon {

/* A wait in the event loop. Used on the environment's thread only. Deletes itself at the end of the
 * environment. */
class LoopWait {
 public:
  /* Called with `context` before the loop would sleep. If it returns true, the loop polls for other events
   * without sleeping and then calls it again. */
  typedef bool (*Turn)(void *context);

  /* Creates a wait. Returns NULL if Node-API or libuv fails. `turn` is not called after environment cleanup
   * hooks that are added later. */
  static LoopWait *Make(napi_env env, Turn turn, void *context);
  LoopWait(const LoopWait &) = delete;
  LoopWait &operator=(const LoopWait &) = delete;

  /* Starts calling `turn`, until Stop. Does not keep the event loop alive. */
  void Start();
  void Stop();

  /* Calls a JavaScript function without arguments, as the event loop does: its microtasks run, and an
   * exception that it throws is uncaught. Called by `turn`. */
  void CallBack(napi_ref function);

 private:
  LoopWait(napi_env env, Turn turn, void *context) : env_(env), turn_(turn), context_(context) {}
  bool Open();
  uv_any_handle *Handle(int type, int (*init)(uv_loop_s *, uv_any_handle *), uv_loop_s *loop);
  void CloseHandle(uv_any_handle *handle);
  static void OnPrepare(uv_any_handle *handle);
  static void OnIdle(uv_any_handle *) {}
  static void OnClosed(uv_any_handle *handle);
  static void OnTeardown(napi_async_cleanup_hook_handle, void *self);

  const napi_env env_;
  const Turn turn_;
  void *const context_;
  uv_any_handle *prepare_ = nullptr, *idle_ = nullptr;
  int open_ = 0;
  bool started_ = false, awake_ = false;
  napi_async_context async_ = nullptr;
  napi_ref receiver_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace tenon

#endif
