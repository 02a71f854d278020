#include "node/loop_wait.h"

#include <stdlib.h>

namespace tenon {

LoopWait *LoopWait::Make(napi_env env, Turn turn, void *context) {
  LoopWait *self = new LoopWait(env, turn, context);
  if (self->Open()) return self;
  if (self->hook_ == nullptr) delete self; /* otherwise it is deleted at the end of the environment */
  return nullptr;
}

bool LoopWait::Open() {
  uv_loop_s *loop;
  napi_value receiver, name;
  if (!HasEventLoop() || napi_get_uv_event_loop(env_, &loop) != napi_ok ||
      napi_create_object(env_, &receiver) != napi_ok ||
      napi_create_string_utf8(env_, "tenon", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env_, receiver, 1, &receiver_) != napi_ok ||
      napi_async_init(env_, receiver, name, &async_) != napi_ok ||
      napi_add_async_cleanup_hook(env_, OnTeardown, this, &hook_) != napi_ok) {
    return false;
  }
  prepare_ = Handle(kUvPrepare, uv_prepare_init, loop);
  idle_ = Handle(kUvIdle, uv_idle_init, loop);
  return prepare_ != nullptr && idle_ != nullptr;
}

uv_any_handle *LoopWait::Handle(int type, int (*init)(uv_loop_s *, uv_any_handle *), uv_loop_s *loop) {
  uv_any_handle *handle = malloc(uv_handle_size(type));
  if (handle == nullptr || init(loop, handle) != 0) {
    free(handle);
    return nullptr;
  }
  uv_handle_set_data(handle, this);
  uv_unref(handle);
  open_++;
  return handle;
}

void LoopWait::Start() {
  if (started_ || prepare_ == nullptr) return;
  started_ = uv_prepare_start(prepare_, OnPrepare) == 0;
}

void LoopWait::Stop() {
  if (started_) uv_prepare_stop(prepare_);
  if (awake_) uv_idle_stop(idle_);
  started_ = awake_ = false;
}

void LoopWait::OnPrepare(uv_any_handle *handle) {
  LoopWait *self = static_cast<LoopWait *>(uv_handle_get_data(handle));
  bool awake = self->turn_(self->context_) && self->started_;
  if (awake == self->awake_) return;
  self->awake_ = awake;
  if (awake) {
    uv_idle_start(self->idle_, OnIdle);
  } else {
    uv_idle_stop(self->idle_);
  }
}

void LoopWait::CallBack(napi_ref function) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value callback, receiver, error;
  bool pending = false;
  if (napi_get_reference_value(env_, function, &callback) == napi_ok &&
      napi_get_reference_value(env_, receiver_, &receiver) == napi_ok &&
      napi_make_callback(env_, async_, receiver, callback, 0, nullptr, nullptr) != napi_ok) {
    napi_is_exception_pending(env_, &pending);
    if (pending && napi_get_and_clear_last_exception(env_, &error) == napi_ok)
      napi_fatal_exception(env_, error);
  }
  napi_close_handle_scope(env_, scope);
}

void LoopWait::CloseHandle(uv_any_handle *handle) {
  if (handle != nullptr) uv_close(handle, OnClosed);
}

/* Closes the handles at the end of the environment. Node.js waits until libuv has released them. */
void LoopWait::OnTeardown(napi_async_cleanup_hook_handle, void *data) {
  LoopWait *self = static_cast<LoopWait *>(data);
  self->Stop();
  self->open_++;
  self->CloseHandle(self->prepare_);
  self->CloseHandle(self->idle_);
  self->open_--;
  if (self->open_ > 0) return;
  napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

void LoopWait::OnClosed(uv_any_handle *handle) {
  LoopWait *self = static_cast<LoopWait *>(uv_handle_get_data(handle));
  free(handle);
  if (--self->open_ > 0) return;
  napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

}  // namespace tenon
