/* Memory of which the checker knows what it means when the plugin is stopped in it: "it wrote to its input"
 * says more than an address. */
#ifndef TENON_CHECK_WATCHED_MEMORY_H
#define TENON_CHECK_WATCHED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

/* A fault in there has this meaning from now on. `finding` is a literal of plain ASCII without quotes. Where
 * two overlap the older one counts. Too many are ignored. [any-thread] */
void Watch(const void *start, size_t size, const char *finding);
/* Forgets what begins within the range. [any-thread] */
void Unwatch(const void *start, size_t size);

/* NULL if nothing is known about the address. Async-signal-safe. */
const char *WatchedFinding(uintptr_t address);

}  // namespace tenon::check

#endif
