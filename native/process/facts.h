/* What is known of a runner, for its report. */
#ifndef TENON_PROCESS_FACTS_H
#define TENON_PROCESS_FACTS_H

#include <napi.h>

#include "process/processes.h"

namespace tenon {

/* ProcessFacts of src/addon/process.ts. */
Napi::Object FactsOf(Napi::Env env, Process &process);

}  // namespace tenon

#endif
