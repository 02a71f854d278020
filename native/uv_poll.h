/* The few functions of libuv that wait for files on the event loop. Every Node.js exports them; their header
 * comes only with Node's own, which the build does without. The numbers are libuv's and fixed for its
 * version 1. */
#ifndef TENON_NATIVE_UV_POLL_H
#define TENON_NATIVE_UV_POLL_H

#include <stddef.h>

extern "C" {

struct uv_loop_s;

/* A handle of libuv, seen from outside: memory of uv_handle_size bytes. */
typedef void uv_poll_handle;

size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_handle *handle, int file);
int uv_poll_start(uv_poll_handle *handle, int events,
                  void (*callback)(uv_poll_handle *, int status, int events));
void uv_close(uv_poll_handle *handle, void (*callback)(uv_poll_handle *));
void uv_ref(uv_poll_handle *handle);
void uv_unref(uv_poll_handle *handle);
void *uv_handle_get_data(const uv_poll_handle *handle);
void uv_handle_set_data(uv_poll_handle *handle, void *data);

}  // extern "C"

namespace tenon {

constexpr int kUvPoll = 8;
constexpr int kUvReadable = 1;

}  // namespace tenon

#endif
