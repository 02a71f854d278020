/* The memory of inputs that JavaScript passes, checked as far as native code can. */
#ifndef TENON_NODE_INPUT_H
#define TENON_NODE_INPUT_H

#include <node_api.h>

#include "plugin/call.h"

namespace tenon {

/* V8 allocates whole pages for a resizable ArrayBuffer, malloc hardly ever does. JavaScript checks every
 * buffer that starts on a page again, because only JavaScript can tell whether it is resizable. */
constexpr uintptr_t kPageMask = 4095;

struct Bytes {
  const uint8_t *data;
  size_t length;
};

/* Gets the memory of a Uint8Array. Returns 0, or the Outcome that says why the memory cannot be used.
 * `checked` is true if JavaScript has checked the buffer. */
inline int32_t InputBytes(napi_env env, napi_value value, bool checked, Bytes *bytes) {
  napi_typedarray_type type;
  void *data;
  napi_value buffer;
  size_t offset;
  if (napi_get_typedarray_info(env, value, &type, &bytes->length, &data, &buffer, &offset) != napi_ok ||
      type != napi_uint8_array) {
    return kNotBytes;
  }
  bool is_array_buffer = false;
  if (napi_is_arraybuffer(env, buffer, &is_array_buffer) != napi_ok || !is_array_buffer) return kShared;
  bytes->data = static_cast<const uint8_t *>(data);
  uintptr_t start = reinterpret_cast<uintptr_t>(data) - offset;
  if (!checked && (bytes->length == 0 || (start & kPageMask) == 0)) return kInspect;
  if (bytes->length == 0) bytes->data = kNothing;
  return 0;
}

/* Returns the elements of an Int32Array that JavaScript has checked, or NULL if it is of another type. */
inline int32_t *Integers(napi_env env, napi_value value, size_t *length) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  return type == napi_int32_array ? static_cast<int32_t *>(data) : nullptr;
}

/* Returns whether the `count` numbers are ascending offsets into `end` bytes. */
inline bool AreOffsets(const int32_t *offsets, size_t count, size_t end) {
  int32_t previous = offsets[0];
  if (previous < 0) return false;
  for (size_t i = 1; i < count; i++) {
    if (offsets[i] < previous) return false;
    previous = offsets[i];
  }
  return static_cast<size_t>(previous) <= end;
}

}  // namespace tenon

#endif
