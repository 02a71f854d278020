#include "process/warm_blocks.h"

#include <sys/mman.h>

namespace tenon {
namespace {

/* Sizes of blocks are multiples of this. */
constexpr size_t kGrain = 64 * 1024;

}  // namespace

struct WarmBlocks::Block {
  WarmBlocks *owner;
  uint8_t *memory;
  size_t size;
  uint32_t turn; /* of Cool, at its last use */
};

uint8_t *WarmBlocks::MemoryOf(Block *block) {
  return block->memory;
}

void WarmBlocks::Close() {
  closed_ = true;
  for (Block *block : free_) Free(block);
  free_.clear();
  if (bytes_ == 0) delete this;
}

void WarmBlocks::Free(Block *block) {
  bytes_ -= block->size;
  munmap(block->memory, block->size);
  delete block;
}

/* Finds the most recently used block that is large enough and at most twice as large as needed. */
WarmBlocks::Block *WarmBlocks::Find(size_t size) {
  for (size_t i = free_.size(); i-- > 0;) {
    Block *block = free_[i];
    if (block->size < size || block->size / 2 > size) continue;
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    return block;
  }
  return nullptr;
}

/* Frees unused blocks to make room for `size` bytes, the least recently used first. */
bool WarmBlocks::MakeRoom(size_t size) {
  size_t unused = 0, gone = 0;
  for (const Block *block : free_) unused += block->size;
  if (bytes_ - unused + size > kWarmMost) return false;
  while (bytes_ + size > kWarmMost) Free(free_[gone++]);
  free_.erase(free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(gone));
  return true;
}

WarmBlocks::Block *WarmBlocks::Take(size_t size) {
  if (!allowed_ || size < kWarmSmallest || size > kWarmLargest) return nullptr;
  Block *block = Find(size);
  if (block == nullptr) {
    size_t whole = (size + kGrain - 1) & ~(kGrain - 1);
    if (!MakeRoom(whole)) return nullptr;
    void *memory =
        mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    block = new Block{this, static_cast<uint8_t *>(memory), whole, turn_};
    bytes_ += whole;
  }
  return block;
}

napi_value WarmBlocks::Wrap(napi_env env, Block *block, size_t size) {
  napi_value buffer = nullptr;
  napi_status status = napi_create_external_buffer(env, size, block->memory, OnUnused, block, &buffer);
  if (status == napi_ok) return buffer;
  allowed_ = false;
  /* After other failures the finalizer may still run, so the block is not reused. */
  if (status == napi_no_external_buffers_allowed) GiveBack(block);
  return nullptr;
}

void WarmBlocks::OnUnused(napi_env, void *, void *hint) {
  Block *block = static_cast<Block *>(hint);
  block->owner->GiveBack(block);
}

void WarmBlocks::GiveBack(Block *block) {
  if (closed_) return; /* the environment ends, and other threads may still see the memory */
  block->turn = turn_;
  if (allowed_) return free_.push_back(block);
  Free(block);
}

bool WarmBlocks::Cool() {
  std::vector<Block *> kept;
  for (Block *block : free_) {
    if (block->turn == turn_) {
      kept.push_back(block);
    } else {
      Free(block);
    }
  }
  free_.swap(kept);
  turn_++;
  return bytes_ != 0;
}

}  // namespace tenon
