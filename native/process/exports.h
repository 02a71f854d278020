/* What the addon exports of the process tier, as the object `processes`. src/addon/process.ts has the types.
 */
#ifndef TENON_PROCESS_EXPORTS_H
#define TENON_PROCESS_EXPORTS_H

#include <napi.h>

namespace tenon {

Napi::Object MakeProcessExports(Napi::Env env);

}  // namespace tenon

#endif
