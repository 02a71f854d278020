/* Memory that JavaScript and native code share for the lifetime of the environment. */
#ifndef TENON_NODE_PINNED_H
#define TENON_NODE_PINNED_H

#include <node_api.h>

namespace tenon {

/* Creates an ArrayBuffer that is never collected and whose memory never moves. Returns false if Node-API
 * fails. */
inline bool MakePinned(napi_env env, size_t size, void **memory, napi_value *buffer) {
  napi_ref reference;
  return napi_create_arraybuffer(env, size, memory, buffer) == napi_ok &&
         napi_create_reference(env, *buffer, 1, &reference) == napi_ok;
}

}  // namespace tenon

#endif
