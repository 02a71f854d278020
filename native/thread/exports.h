/* What the addon exports of the thread tier, as the object `threads`. src/tiers/thread/native.ts has the
 * types. */
#ifndef TENON_NATIVE_WORKER_EXPORTS_H
#define TENON_NATIVE_WORKER_EXPORTS_H

#include <napi.h>

namespace tenon {

class Environment;

Napi::Object MakeWorkerExports(Napi::Env env, Environment *environment);

}  // namespace tenon

#endif
