/* A say in whether an environment's event loop goes to sleep. To sleep and be woken up can take ten times as
 * long as what is waited for: who expects something at once waits for it here, awake and for a moment. */
#ifndef TENON_NODE_LOOP_WAIT_H
#define TENON_NODE_LOOP_WAIT_H

#include <node_api.h>

#include "node/uv_loop.h"

namespace tenon {

/* Used on the environment's thread only. Frees itself at the end of the environment. */
class LoopWait {
 public:
  /* Before the loop would sleep, with `context`. True: it shall not, but look for what else has happened, and
   * then ask again. */
  typedef bool (*Turn)(void *context);

  /* NULL if Node-API or libuv refuses. `turn` is not called after hooks of the environment's end that are
   * added later. */
  static LoopWait *Make(napi_env env, Turn turn, void *context);
  LoopWait(const LoopWait &) = delete;
  LoopWait &operator=(const LoopWait &) = delete;

  /* From here on `turn` is asked, until it is stopped. Does not keep the event loop alive. */
  void Start();
  void Stop();

  /* Calls a JavaScript function without arguments, as the event loop does: its microtasks run too, and what
   * it throws is an uncaught exception. For `turn`. */
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
