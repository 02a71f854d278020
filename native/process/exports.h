/* The exports of the addon for the process tier, as the object `processes`. The types are in
 * src/addon/process.ts. */
#ifndef TENON_PROCESS_EXPORTS_H
#define TENON_PROCESS_EXPORTS_H

#include <napi.h>

namespace tenon {

class Processes;

Napi::Object MakeProcessExports(Napi::Env env);
/* Adds the exports that send requests. */
void AddRequestExports(Napi::Object exports, Processes *self);

}  // namespace tenon

#endif
