/* The calls of instances with threads of their own, hot: plain Node-API, no values made, everything else goes
 * through the control array. `data` of all of them is the ThreadTable; the result is undefined. */
#ifndef TENON_THREAD_CALLS_H
#define TENON_THREAD_CALLS_H

#include <node_api.h>

namespace tenon {

/* call(input): queues a call with a copy of the input. Its result comes with `completions`. */
napi_value ThreadCall(napi_env env, napi_callback_info info);
/* callSync(input): queues a call and waits. Its result is at the start of the results' memory, or to be
 * taken. */
napi_value ThreadCallSync(napi_env env, napi_callback_info info);
/* callMany(offsets, data), callManySync(offsets, data): the same for a batch; its result is to be taken, by
 * `takeBatch` and `take`, unless the outcome says that nothing was done. */
napi_value ThreadCallMany(napi_env env, napi_callback_info info);
napi_value ThreadCallManySync(napi_env env, napi_callback_info info);
/* record(input, output): a call with copies of both, waits. A failure's message is where callSync's is. */
napi_value ThreadRecord(napi_env env, napi_callback_info info);

/* completions(): fills the rows. None is left when the count is 0. */
napi_value ThreadCompletions(napi_env env, napi_callback_info info);
/* take(target): copies the next result, and lets go of it. */
napi_value ThreadTake(napi_env env, napi_callback_info info);
/* takeBatch(resultOffsets, statuses): copies them of the next result. */
napi_value ThreadTakeBatch(napi_env env, napi_callback_info info);

}  // namespace tenon

#endif
