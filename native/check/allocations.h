/* Finds the code of a plugin that allocates memory and does not free it. */
#ifndef TENON_CHECK_ALLOCATIONS_H
#define TENON_CHECK_ALLOCATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "plugin/image.h"

namespace tenon::check {

/* A call in the plugin whose memory was not freed. */
struct AllocationSite {
  uintptr_t address = 0; /* where the call returns to; 0 if there is none */
  size_t count = 0, bytes = 0;
};

/* Records the allocations of all libraries of the process from now on. Only for the end of a scenario: it changes
 * their address tables, and does not restore them. Returns false if that is not possible. */
bool RecordAllocations(const probe::Image &plugin);

/* Ends the recording. Returns the call in the plugin that has allocated most of the memory that is left, if it has
 * allocated at least `least` blocks. */
AllocationSite WorstAllocation(size_t least);

}  // namespace tenon::check

#endif
