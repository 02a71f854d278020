/* Memory for large results that goes round: what a result was in is used again when JavaScript's garbage
 * collector is done with it. Memory from the system costs a fault a page at its first touch, which is several
 * times the copy.
 *
 * For the main thread. JavaScript sees a block as the memory of an external Buffer, just as long as the
 * result; a block comes back by that Buffer's finalizer, when nobody can see it any more, and by nothing
 * else. Not for workers: at the end of one the finalizers run also for memory that was transferred to another
 * thread. What does not fit in is for ordinary memory. */
#ifndef TENON_PROCESS_WARM_BLOCKS_H
#define TENON_PROCESS_WARM_BLOCKS_H

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace tenon {

/* Results of other sizes are not worth it. */
constexpr size_t kWarmSmallest = 128 * 1024;
constexpr size_t kWarmLargest = 16 * 1024 * 1024;
/* Of all blocks, in use or not. */
constexpr size_t kWarmMost = 64 * 1024 * 1024;

class WarmBlocks {
 public:
  /* Leaves itself and what JavaScript has to the end of the process. */
  static WarmBlocks *Make() { return new WarmBlocks; }
  void Close();

  struct Block;
  /* A block for a result of `size` bytes. NULL if there is none. */
  Block *Take(size_t size);
  /* A Buffer of the first `size` bytes of a block, which they fill: what was in it before is nobody's
   * business. NULL, and no more blocks from now on, where the runtime does not allow it. */
  napi_value Wrap(napi_env env, Block *block, size_t size);
  static uint8_t *MemoryOf(Block *block);

  /* Frees what was not used since the last time. Whether blocks are left to be freed. */
  bool Cool();

 private:
  WarmBlocks() = default;
  ~WarmBlocks() = default;
  static void OnUnused(napi_env env, void *data, void *hint);
  void GiveBack(Block *block);
  Block *Find(size_t size);
  bool MakeRoom(size_t size);
  void Free(Block *block);

  std::vector<Block *> free_; /* the one that was used last is the last one */
  size_t bytes_ = 0;          /* of all blocks */
  uint32_t turn_ = 0;         /* of Cool */
  bool allowed_ = true, closed_ = false;
};

}  // namespace tenon

#endif
