/* Memory with a finding for a fault in it: "it wrote to its input" says more than an address. */
#ifndef TENON_CHECK_WATCHED_MEMORY_H
#define TENON_CHECK_WATCHED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

/* Sets the finding for a fault in the range. `finding` is a literal of plain ASCII without quotes. Where two
 * ranges overlap the older one counts. Ranges beyond the maximum number are ignored. [any-thread] */
void Watch(const void *start, size_t size, const char *finding);
/* Removes the watched ranges that begin within the range. [any-thread] */
void Unwatch(const void *start, size_t size);

/* Returns the finding for the address, or NULL if it is not watched. Async-signal-safe. */
const char *WatchedFinding(uintptr_t address);

}  // namespace tenon::check

#endif
