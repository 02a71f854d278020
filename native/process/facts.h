/* The facts about a runner, for its report. */
#ifndef TENON_PROCESS_FACTS_H
#define TENON_PROCESS_FACTS_H

#include <napi.h>

#include "process/processes.h"

namespace tenon {

/* Returns the facts as the type ProcessFacts of src/addon/process.ts. */
Napi::Object FactsOf(Napi::Env env, Process &process);

/* Copies the input of the call in flight from the place that the breadcrumb names. Returns its size, or -1 if that
 * place is outside of the request ring or the input is larger than `room`. */
int64_t CopyCallInput(const ChannelHost &channel, uint8_t *target, size_t room);

}  // namespace tenon

#endif
