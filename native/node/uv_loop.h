/* The few functions of libuv that take part in the event loop. Every Node.js exports them; their header comes
 * only with Node's own, which the build does without. The numbers are libuv's and fixed for its version 1. */
#ifndef TENON_NODE_UV_LOOP_H
#define TENON_NODE_UV_LOOP_H

#include <stddef.h>

extern "C" {

struct uv_loop_s;

/* A handle of libuv, seen from outside: memory of uv_handle_size bytes. */
typedef void uv_any_handle;

size_t uv_handle_size(int type);
void uv_close(uv_any_handle *handle, void (*callback)(uv_any_handle *));
void uv_ref(uv_any_handle *handle);
void uv_unref(uv_any_handle *handle);
void *uv_handle_get_data(const uv_any_handle *handle);
void uv_handle_set_data(uv_any_handle *handle, void *data);

/* Tells of a file that can be read. */
int uv_poll_init(struct uv_loop_s *loop, uv_any_handle *handle, int file);
int uv_poll_start(uv_any_handle *handle, int events,
                  void (*callback)(uv_any_handle *, int status, int events));

/* Called each time before the loop looks for what has happened, asleep until something has. */
int uv_prepare_init(struct uv_loop_s *loop, uv_any_handle *handle);
int uv_prepare_start(uv_any_handle *handle, void (*callback)(uv_any_handle *));
int uv_prepare_stop(uv_any_handle *handle);

/* While there is one the loop does not sleep. */
int uv_idle_init(struct uv_loop_s *loop, uv_any_handle *handle);
int uv_idle_start(uv_any_handle *handle, void (*callback)(uv_any_handle *));
int uv_idle_stop(uv_any_handle *handle);

}  // extern "C"

namespace tenon {

constexpr int kUvIdle = 6;
constexpr int kUvPoll = 8;
constexpr int kUvPrepare = 9;
constexpr int kUvReadable = 1;

}  // namespace tenon

#endif
