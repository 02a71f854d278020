#include "check/old_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

namespace tenon::check {
namespace {

constexpr size_t kStack = 96 * 1024;
/* glibc keeps free blocks by size, up to seven of each for every thread. The others are merged with their
 * neighbours, and larger blocks are taken from there. */
constexpr size_t kOfEachSize = 10;
constexpr size_t kLargestSmall = 1040;
constexpr size_t kLargest = 64 * 1024;

/* The compiler must not remove the writes, although nothing reads them. */
void KeepWrites(void *memory) {
  __asm__ volatile("" : : "r"(memory) : "memory");
}

}  // namespace

__attribute__((noinline)) void FillOldStack(uint8_t byte) {
  uint8_t area[kStack];
  memset(area, byte, sizeof(area));
  KeepWrites(area);
}

void FillOldHeap(uint8_t byte) {
  static std::vector<void *> blocks;
  for (size_t size = 8; size <= kLargest; size = size < kLargestSmall ? size + 16 : 2 * size) {
    for (size_t i = 0; i < kOfEachSize; i++) {
      void *block = malloc(size);
      if (block == nullptr) continue;
      memset(block, byte, size);
      KeepWrites(block);
      blocks.push_back(block);
    }
  }
#ifdef M_PERTURB
  mallopt(M_PERTURB, static_cast<uint8_t>(~byte)); /* new blocks get the complement of this value */
#endif
  for (void *block : blocks) free(block);
  blocks.clear();
}

}  // namespace tenon::check
