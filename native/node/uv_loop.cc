#include "node/uv_loop.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace tenon {
namespace {

void *InProgram(const char *name) {
#if defined(_WIN32)
  return reinterpret_cast<void *>(GetProcAddress(GetModuleHandleW(nullptr), name));
#else
  return dlsym(RTLD_DEFAULT, name);
#endif
}

/* Sets a pointer to a function of the type that uv_loop.h declares. Returns whether the program has it. */
template <typename Function>
bool Find(Function *(&pointer), const char *name) {
  pointer = reinterpret_cast<Function *>(InProgram(name));
  return pointer != nullptr;
}

struct Functions {
  decltype(uv_handle_size) *handle_size;
  decltype(uv_close) *close;
  decltype(uv_ref) *ref;
  decltype(uv_unref) *unref;
  decltype(uv_handle_get_data) *get_data;
  decltype(uv_handle_set_data) *set_data;
  decltype(uv_poll_init) *poll_init;
  decltype(uv_poll_start) *poll_start;
  decltype(uv_prepare_init) *prepare_init;
  decltype(uv_prepare_start) *prepare_start;
  decltype(uv_prepare_stop) *prepare_stop;
  decltype(uv_idle_init) *idle_init;
  decltype(uv_idle_start) *idle_start;
  decltype(uv_idle_stop) *idle_stop;
  bool complete;

  Functions() {
    complete = Find(handle_size, "uv_handle_size") && Find(close, "uv_close") && Find(ref, "uv_ref") &&
               Find(unref, "uv_unref") && Find(get_data, "uv_handle_get_data") &&
               Find(set_data, "uv_handle_set_data") && Find(poll_init, "uv_poll_init") &&
               Find(poll_start, "uv_poll_start") && Find(prepare_init, "uv_prepare_init") &&
               Find(prepare_start, "uv_prepare_start") && Find(prepare_stop, "uv_prepare_stop") &&
               Find(idle_init, "uv_idle_init") && Find(idle_start, "uv_idle_start") &&
               Find(idle_stop, "uv_idle_stop");
  }
};

const Functions &Uv() {
  static const Functions functions;
  return functions;
}

}  // namespace

bool HasEventLoop() {
  return Uv().complete;
}

size_t uv_handle_size(int type) {
  return Uv().handle_size(type);
}
void uv_close(uv_any_handle *handle, void (*callback)(uv_any_handle *)) {
  Uv().close(handle, callback);
}
void uv_ref(uv_any_handle *handle) {
  Uv().ref(handle);
}
void uv_unref(uv_any_handle *handle) {
  Uv().unref(handle);
}
void *uv_handle_get_data(const uv_any_handle *handle) {
  return Uv().get_data(handle);
}
void uv_handle_set_data(uv_any_handle *handle, void *data) {
  Uv().set_data(handle, data);
}

int uv_poll_init(uv_loop_s *loop, uv_any_handle *handle, int file) {
  return Uv().poll_init(loop, handle, file);
}
int uv_poll_start(uv_any_handle *handle, int events, void (*callback)(uv_any_handle *, int, int)) {
  return Uv().poll_start(handle, events, callback);
}

int uv_prepare_init(uv_loop_s *loop, uv_any_handle *handle) {
  return Uv().prepare_init(loop, handle);
}
int uv_prepare_start(uv_any_handle *handle, void (*callback)(uv_any_handle *)) {
  return Uv().prepare_start(handle, callback);
}
int uv_prepare_stop(uv_any_handle *handle) {
  return Uv().prepare_stop(handle);
}

int uv_idle_init(uv_loop_s *loop, uv_any_handle *handle) {
  return Uv().idle_init(loop, handle);
}
int uv_idle_start(uv_any_handle *handle, void (*callback)(uv_any_handle *)) {
  return Uv().idle_start(handle, callback);
}
int uv_idle_stop(uv_any_handle *handle) {
  return Uv().idle_stop(handle);
}

}  // namespace tenon
