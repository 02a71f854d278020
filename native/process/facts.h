/* The facts about a runner, for its report. */
#ifndef TENON_PROCESS_FACTS_H
#define TENON_PROCESS_FACTS_H

#include <napi.h>

#include "process/processes.h"

namespace tenon {

/* Returns the facts as the type ProcessFacts of src/addon/process.ts. */
Napi::Object FactsOf(Napi::Env env, Process &process);

/* Copies the input of the call in flight, as the runner has told of it. Its bytes; -1 if there is none inside
 * of the request ring, or more than there is room for. */
int64_t CopyCallInput(const ChannelHost &channel, uint8_t *target, size_t room);

}  // namespace tenon

#endif
