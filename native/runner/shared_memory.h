/* The shared memory of a plugin's processes, which no limit of the kernel counts: shared mappings and
 * memfds. */
#ifndef TENON_RUNNER_SHARED_MEMORY_H
#define TENON_RUNNER_SHARED_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

namespace tenon {

/* The bound for each process, and what does not count. */
struct SharedMemoryLimit {
  uint64_t bytes = 0; /* 0: unlimited */
  int channel = -1;   /* the file of the channel, whose pages do not count; -1 over a pipe */
};

/* Returns whether the system reports the shared memory of a process. */
bool ReportsSharedMemory();

/* Returns whether a descendant of this process exceeds the limit: `runner` or a process that it started. */
bool ExceedsSharedMemory(const SharedMemoryLimit &limit, pid_t runner);

}  // namespace tenon

#endif
