/* The calls of instances in the thread tier. They are hot, so they use plain Node-API, create no values, and
 * return everything else through the control array. `data` is the ThreadTable; the result is undefined. */
#ifndef TENON_THREAD_CALLS_H
#define TENON_THREAD_CALLS_H

#include <node_api.h>

namespace tenon {

/* call(input): queues a call with a copy of the input. `completions` delivers its result. */
napi_value ThreadCall(napi_env env, napi_callback_info info);
/* callSync(input): queues a call and waits. The result is at the start of the results' memory, or waits for
 * `take`. */
napi_value ThreadCallSync(napi_env env, napi_callback_info info);
/* callMany(offsets, data) and callManySync(offsets, data): the same for a batch. `takeBatch` and `take` copy
 * its result, unless the outcome says that no message was processed. */
napi_value ThreadCallMany(napi_env env, napi_callback_info info);
napi_value ThreadCallManySync(napi_env env, napi_callback_info info);
/* record(input, output): queues a call with copies of both and waits. The message of a failure is where the
 * result of callSync is. */
napi_value ThreadRecord(napi_env env, napi_callback_info info);

/* completions(): fills the rows. When the count is 0, none is left. */
napi_value ThreadCompletions(napi_env env, napi_callback_info info);
/* take(target): copies the next result and frees it. */
napi_value ThreadTake(napi_env env, napi_callback_info info);
/* takeBatch(resultOffsets, statuses): copies the offsets and statuses of the next result. */
napi_value ThreadTakeBatch(napi_env env, napi_callback_info info);

}  // namespace tenon

#endif
