/* The same work by hand on libuv's thread pool, with napi_async_work. The baseline for calls that do not
 * block the event loop. sum(buffer) returns a promise of 8 bytes; the input is copied, as tenon does. */
#include <node_api.h>
#include <stdlib.h>

#include "work.h"

typedef struct job {
  napi_async_work work;
  napi_deferred deferred;
  uint64_t result;
  size_t length;
  uint8_t input[];
} job;

static void execute(napi_env env, void *data) {
  (void)env;
  job *self = data;
  self->result = work_sum(self->input, self->length);
}

static void complete(napi_env env, napi_status status, void *data) {
  job *self = data;
  napi_value result;
  if (status == napi_ok) {
    napi_create_buffer_copy(env, sizeof(self->result), &self->result, NULL, &result);
    napi_resolve_deferred(env, self->deferred, result);
  } else {
    napi_get_undefined(env, &result);
    napi_reject_deferred(env, self->deferred, result);
  }
  napi_delete_async_work(env, self->work);
  free(self);
}

static napi_value sum(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value input, promise, name;
  void *bytes;
  size_t length;
  napi_get_cb_info(env, info, &count, &input, NULL, NULL);
  if (napi_get_buffer_info(env, input, &bytes, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected a Buffer");
    return NULL;
  }
  job *self = malloc(sizeof(job) + length);
  if (self == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  self->length = length;
  if (length != 0) memcpy(self->input, bytes, length);
  napi_create_string_utf8(env, "sum", NAPI_AUTO_LENGTH, &name);
  napi_create_promise(env, &self->deferred, &promise);
  napi_create_async_work(env, NULL, name, execute, complete, self, &self->work);
  napi_queue_async_work(env, self->work);
  return promise;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "sum", NAPI_AUTO_LENGTH, sum, NULL, &function);
  napi_set_named_property(env, exports, "sum", function);
  return exports;
}
