#include "node/alarm.h"

#if defined(__linux__)

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace tenon {
namespace {

constexpr uint64_t kSecond = 1000000000;

}  // namespace

Alarm *Alarm::Make(napi_env env, napi_value callback) {
  Alarm *self = new Alarm(env);
  if (self->Open(callback)) return self;
  if (self->hook_ == nullptr) delete self; /* otherwise it is deleted at the end of the environment */
  return nullptr;
}

Alarm::~Alarm() {
  if (file_ >= 0) close(file_);
}

bool Alarm::Open(napi_value callback) {
  uv_loop_s *loop;
  napi_value receiver, name;
  if (!HasEventLoop() || napi_get_uv_event_loop(env_, &loop) != napi_ok ||
      napi_create_object(env_, &receiver) != napi_ok ||
      napi_create_string_utf8(env_, "tenon", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env_, receiver, 1, &receiver_) != napi_ok ||
      napi_create_reference(env_, callback, 1, &callback_) != napi_ok ||
      napi_async_init(env_, receiver, name, &async_) != napi_ok) {
    return false;
  }
  file_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (file_ < 0 || napi_add_async_cleanup_hook(env_, OnTeardown, this, &hook_) != napi_ok) return false;
  uv_any_handle *poll = malloc(uv_handle_size(kUvPoll));
  if (poll == nullptr || uv_poll_init(loop, poll, file_) != 0) {
    free(poll);
    return false;
  }
  poll_ = poll;
  uv_handle_set_data(poll_, this);
  uv_unref(poll_);
  return uv_poll_start(poll_, kUvReadable, OnExpired) == 0;
}

void Alarm::Set(uint64_t nanoseconds) {
  struct itimerspec time = {};
  time.it_value.tv_sec = static_cast<time_t>(nanoseconds / kSecond);
  time.it_value.tv_nsec = static_cast<long>(nanoseconds % kSecond);
  timerfd_settime(file_, 0, &time, nullptr);
}

void Alarm::OnExpired(uv_any_handle *handle, int, int) {
  Alarm *self = static_cast<Alarm *>(uv_handle_get_data(handle));
  uint64_t count;
  /* Nothing to read: the alarm was set again since it went off. */
  if (read(self->file_, &count, sizeof(count)) == sizeof(count)) self->Call();
}

void Alarm::Call() {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  napi_value callback, receiver, error;
  bool pending = false;
  if (napi_get_reference_value(env_, callback_, &callback) == napi_ok &&
      napi_get_reference_value(env_, receiver_, &receiver) == napi_ok &&
      napi_make_callback(env_, async_, receiver, callback, 0, nullptr, nullptr) != napi_ok) {
    napi_is_exception_pending(env_, &pending);
    if (pending && napi_get_and_clear_last_exception(env_, &error) == napi_ok)
      napi_fatal_exception(env_, error);
  }
  napi_close_handle_scope(env_, scope);
}

/* Closes the handle at the end of the environment. Node.js waits until libuv has released it. */
void Alarm::OnTeardown(napi_async_cleanup_hook_handle hook, void *data) {
  Alarm *self = static_cast<Alarm *>(data);
  if (self->poll_ != nullptr) return uv_close(self->poll_, OnClosed);
  napi_remove_async_cleanup_hook(hook);
  delete self;
}

void Alarm::OnClosed(uv_any_handle *handle) {
  Alarm *self = static_cast<Alarm *>(uv_handle_get_data(handle));
  free(handle);
  napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

}  // namespace tenon

#else

namespace tenon {

Alarm *Alarm::Make(napi_env, napi_value) {
  return nullptr;
}
void Alarm::Set(uint64_t) {}

}  // namespace tenon

#endif
