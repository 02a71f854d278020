/* The same work by hand, without tenon: an addon in C that is linked with its work. The baseline of the
 * benchmark.
 *
 * sum(buffer) returns 8 bytes in the shortest way that Node-API has to create a Buffer. sumInto(buffer,
 * result) writes them to a Buffer that JavaScript created, which is faster, because a Buffer from
 * JavaScript's pool costs no allocation. */
#include <node_api.h>

#include "work.h"

static napi_value sum(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value input, result;
  void *bytes;
  size_t length;
  napi_get_cb_info(env, info, &count, &input, NULL, NULL);
  if (napi_get_buffer_info(env, input, &bytes, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected a Buffer");
    return NULL;
  }
  uint64_t value = work_sum(bytes, length);
  napi_create_buffer_copy(env, sizeof(value), &value, NULL, &result);
  return result;
}

static napi_value sum_into(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  void *bytes, *result;
  size_t length, room;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (napi_get_buffer_info(env, arguments[0], &bytes, &length) != napi_ok ||
      napi_get_buffer_info(env, arguments[1], &result, &room) != napi_ok || room < sizeof(uint64_t)) {
    napi_throw_type_error(env, NULL, "expected two Buffers, the second of 8 bytes");
    return NULL;
  }
  uint64_t value = work_sum(bytes, length);
  memcpy(result, &value, sizeof(value));
  return NULL;
}

static napi_value min(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], result;
  int32_t a, b;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (napi_get_value_int32(env, arguments[0], &a) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &b) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected two numbers");
    return NULL;
  }
  napi_create_int32(env, work_min(a, b), &result);
  return result;
}

static napi_value noop(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  return NULL;
}

static void add(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function);
  napi_set_named_property(env, exports, name, function);
}

NAPI_MODULE_INIT() {
  add(env, exports, "sum", sum);
  add(env, exports, "sumInto", sum_into);
  add(env, exports, "min", min);
  add(env, exports, "noop", noop);
  return exports;
}
