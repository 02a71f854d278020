/* The shared memory of a plugin's processes, which no limit of the kernel counts: shared mappings and
 * memfds. */
#ifndef TENON_RUNNER_SHARED_MEMORY_H
#define TENON_RUNNER_SHARED_MEMORY_H

#include <stdint.h>

namespace tenon {

/* Returns whether the system reports the shared memory of a process. */
bool ReportsSharedMemory();

/* Returns whether a descendant of this process has more of it than `limit` bytes. Memory of the runner, for the
 * channel and for messages, does not count. */
bool ExceedsSharedMemory(uint64_t limit);

}  // namespace tenon

#endif
