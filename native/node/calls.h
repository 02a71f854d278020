/* The calls of plugins, hot: plain Node-API, no values made, all else goes through the control array. */
#ifndef TENON_NODE_CALLS_H
#define TENON_NODE_CALLS_H

#include <node_api.h>

namespace tenon {

/* All of them: `data` is the Environment, the method is the one that the control array names, the result is
 * undefined.
 *
 * call(input): one message, a Uint8Array that is not copied. Output in the scratch memory, or, when it has
 * grown, in the block, which `take` copies. */
napi_value Call(napi_env env, napi_callback_info info);

/* callRecord(): input and output in the memory that `record` has pinned. */
napi_value CallRecord(napi_env env, napi_callback_info info);

/* callMany(offsets, data, resultOffsets, statuses): all messages of a batch; output in the block. Stops at
 * the first message with which the plugin broke the contract or panicked: kDetail tells how many were
 * processed, kOutcome why it ended. */
napi_value CallMany(napi_env env, napi_callback_info info);

/* take(target): copies the block's start into `target`, which has the length that the call told. */
napi_value Take(napi_env env, napi_callback_info info);

}  // namespace tenon

#endif
