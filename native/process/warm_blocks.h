/* A recycled buffer pool for large results: the memory of a result is reused after JavaScript's garbage
 * collector has freed the result. New memory costs a page fault per page at its first touch, which takes
 * several times as long as the copy.
 *
 * For the main thread only. JavaScript sees a block as the memory of an external Buffer, exactly as long as
 * the result. A block returns to the pool only through the finalizer of that Buffer, when the Buffer is
 * unreachable. Workers must not use the pool: at the end of a worker the finalizers run even for memory that
 * was transferred to another thread. Results that the pool has no block for use ordinary memory. */
#ifndef TENON_PROCESS_WARM_BLOCKS_H
#define TENON_PROCESS_WARM_BLOCKS_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace tenon {

/* The sizes of results for which the pool pays, in bytes. */
constexpr size_t kWarmSmallest = 128 * 1024;
constexpr size_t kWarmLargest = 16 * 1024 * 1024;
/* The limit for all blocks, in use or not, in bytes. */
constexpr size_t kWarmMost = 64 * 1024 * 1024;

class WarmBlocks {
 public:
  /* Creates a pool. Close deletes it when JavaScript holds no block; otherwise the pool and those blocks stay
   * until the process ends. */
  static WarmBlocks *Make() { return new WarmBlocks; }
  void Close();

  struct Block;
  /* Takes a block for a result of `size` bytes. Returns NULL if the pool has none. */
  Block *Take(size_t size);
  /* Wraps the first `size` bytes of a block in a Buffer. The caller must overwrite all of them, because the
   * block holds an earlier result. Returns NULL where the runtime forbids external buffers; the pool then
   * hands out no more blocks. */
  napi_value Wrap(napi_env env, Block *block, size_t size);
  static uint8_t *MemoryOf(Block *block);

  /* Frees the blocks that were not used since the last call. Returns whether blocks are left. */
  bool Cool();

 private:
  WarmBlocks() = default;
  ~WarmBlocks() = default;
  static void OnUnused(napi_env env, void *data, void *hint);
  void GiveBack(Block *block);
  Block *Find(size_t size);
  bool MakeRoom(size_t size);
  void Free(Block *block);

  std::vector<Block *> free_; /* the most recently used one is last */
  size_t bytes_ = 0;          /* of all blocks */
  uint32_t turn_ = 0;         /* of Cool: the number of calls */
  bool allowed_ = true, closed_ = false;
};

}  // namespace tenon

#endif
