/* What the addon exports of the thread tier, as the object `threads`. src/tiers/thread/native.ts has the
 * types. */
#ifndef TENON_THREAD_EXPORTS_H
#define TENON_THREAD_EXPORTS_H

#include <napi.h>

namespace tenon {

class Environment;

Napi::Object MakeThreadExports(Napi::Env env, Environment *environment);

}  // namespace tenon

#endif
