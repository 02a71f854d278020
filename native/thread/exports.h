/* The exports of the addon for the thread tier, as the object `threads`. The types are in
 * src/tiers/thread/native.ts. */
#ifndef TENON_THREAD_EXPORTS_H
#define TENON_THREAD_EXPORTS_H

#include <napi.h>

namespace tenon {

class Environment;

Napi::Object MakeThreadExports(Napi::Env env, Environment *environment);

}  // namespace tenon

#endif
