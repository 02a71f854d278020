/* Memory that a plugin receives with an old content: of the stack, and of heap blocks. */
#ifndef TENON_CHECK_OLD_MEMORY_H
#define TENON_CHECK_OLD_MEMORY_H

#include <stdint.h>

namespace tenon::check {

/* Fills the stack below the frame of the caller, which the next function that it calls will use. */
void FillOldStack(uint8_t byte);

/* Fills free heap blocks of many sizes, which the next allocations of this thread will receive. glibc also fills
 * those that it takes elsewhere, but not blocks in the cache of a thread, which is off in this scenario
 * (src/check/checks/calls-output.ts). */
void FillOldHeap(uint8_t byte);

}  // namespace tenon::check

#endif
