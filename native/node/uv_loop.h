/* The few functions of libuv that take part in the event loop. They are looked up in the running program when
 * they are first used: a program that has none of them, such as Deno, can still load the addon, and on
 * Windows the program may have any name. Their header comes only with Node's own headers, which the build does
 * not use. The numbers are libuv's and fixed for its version 1. */
#ifndef TENON_NODE_UV_LOOP_H
#define TENON_NODE_UV_LOOP_H

#include <stddef.h>

struct uv_loop_s;

namespace tenon {

/* Returns whether this program has all functions below. The others must not be called if it has not. */
bool HasEventLoop();

/* A handle of libuv as opaque memory of uv_handle_size bytes. */
typedef void uv_any_handle;

size_t uv_handle_size(int type);
void uv_close(uv_any_handle *handle, void (*callback)(uv_any_handle *));
void uv_ref(uv_any_handle *handle);
void uv_unref(uv_any_handle *handle);
void *uv_handle_get_data(const uv_any_handle *handle);
void uv_handle_set_data(uv_any_handle *handle, void *data);

/* A poll handle: calls back when a file is readable. */
int uv_poll_init(uv_loop_s *loop, uv_any_handle *handle, int file);
int uv_poll_start(uv_any_handle *handle, int events,
                  void (*callback)(uv_any_handle *, int status, int events));

/* A prepare handle: called each time before the loop polls, where it may sleep. */
int uv_prepare_init(uv_loop_s *loop, uv_any_handle *handle);
int uv_prepare_start(uv_any_handle *handle, void (*callback)(uv_any_handle *));
int uv_prepare_stop(uv_any_handle *handle);

/* An idle handle: the loop does not sleep while one is active. */
int uv_idle_init(uv_loop_s *loop, uv_any_handle *handle);
int uv_idle_start(uv_any_handle *handle, void (*callback)(uv_any_handle *));
int uv_idle_stop(uv_any_handle *handle);

constexpr int kUvIdle = 6;
constexpr int kUvPoll = 8;
constexpr int kUvPrepare = 9;
constexpr int kUvReadable = 1;

}  // namespace tenon

#endif
