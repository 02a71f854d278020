/* The calls of plugins. They are hot, so they use plain Node-API, create no values, and return everything
 * else through the control array. */
#ifndef TENON_NODE_CALLS_H
#define TENON_NODE_CALLS_H

#include <node_api.h>

namespace tenon {

/* For all of them, `data` is the Environment, the control array selects the method, and the result is
 * undefined.
 *
 * call(input): passes one message, a Uint8Array that is not copied. The output is in the scratch memory. If
 * it has grown beyond that, it is in the block, and `take` copies it. */
napi_value Call(napi_env env, napi_callback_info info);

/* callFrame(): passes the first kLength bytes of the memory that `record` pinned as the input. Its output is that of
 * `call`. */
napi_value CallFrame(napi_env env, napi_callback_info info);
/* callRecord(): passes input and output in the memory that `record` pinned. */
napi_value CallRecord(napi_env env, napi_callback_info info);

/* callMany(offsets, data, resultOffsets, statuses): passes all messages of a batch; the output is in the
 * block. Stops at the first message at which the plugin violated the contract or panicked. kProcessed holds
 * the number of messages processed, kOutcome the reason for the end. */
napi_value CallMany(napi_env env, napi_callback_info info);

/* take(target): copies the start of the block into `target`, whose length is the length that the call
 * reported. */
napi_value Take(napi_env env, napi_callback_info info);

}  // namespace tenon

#endif
