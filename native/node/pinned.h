/* Memory that JavaScript and native code share for as long as the environment lives. */
#ifndef TENON_NODE_PINNED_H
#define TENON_NODE_PINNED_H

#include <node_api.h>

namespace tenon {

/* An ArrayBuffer that is never collected; its memory never moves. False if Node-API refuses. */
inline bool MakePinned(napi_env env, size_t size, void **memory, napi_value *buffer) {
  napi_ref reference;
  return napi_create_arraybuffer(env, size, memory, buffer) == napi_ok &&
         napi_create_reference(env, *buffer, 1, &reference) == napi_ok;
}

}  // namespace tenon

#endif
