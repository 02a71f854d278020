/* A heap for the code of the plugin whose blocks are between inaccessible pages, and are inaccessible for good once they
 * are freed. A wrong access then raises a signal at that instruction, without a sanitizer. A part of the allocations
 * stays on the usual heap: large ones, those of the C library itself, and all when too many guarded ones exist. */
#ifndef TENON_CHECK_GUARDED_HEAP_H
#define TENON_CHECK_GUARDED_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "check/single_steps.h"

namespace tenon::check {

enum class BlockPlace {
  kAtEnd,  /* up to 15 bytes after the block, for its alignment, and then an inaccessible page */
  kAtStart /* an inaccessible page before the block */
};

/* From now on, allocations by `code` are guarded. It must live as long as the process. Returns false if this system
 * cannot do that. */
bool GuardHeap(const std::vector<CodeSpan> &code);
/* Does the same for libraries that were loaded since. */
void GuardNewLibraries();
/* Sets where the blocks are that are allocated from now on. */
void PlaceBlocks(BlockPlace place);

/* Returns the number of blocks that were guarded. */
size_t GuardedBlocks();
/* Returns the finding for a block that is in use and was written past its end, or an empty string. */
std::string DamagedBlock();
/* Returns the finding for a fault at this address, or NULL if it is not in the guarded heap. Async-signal-safe. */
const char *GuardedHeapFinding(uintptr_t address);

}  // namespace tenon::check

#endif
