#include "check/allocations.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unwind.h>

#include <atomic>
#include <iterator>
#include <map>
#include <mutex>

#include "check/imports.h"

namespace tenon::check {
namespace {

struct Block {
  void *start;
  size_t size;
  uintptr_t site;
};

/* Open addressing, without removal of entries: a freed block has the size 0. */
constexpr size_t kBlocks = 1 << 16;
constexpr int kDeepest = 32;

Block *blocks;
size_t used;
const probe::Image *image;
std::mutex lock;
std::atomic<bool> recording{false};
/* The recorder itself allocates, and must not be recorded. */
thread_local bool inside;

class Inside {
 public:
  Inside() : first_(!inside && recording) { inside = true; }
  ~Inside() {
    if (first_) inside = false;
  }
  bool first() const { return first_; }

 private:
  const bool first_;
};

Block *Find(void *start) {
  size_t at = (reinterpret_cast<uintptr_t>(start) >> 4) * 0x9e3779b97f4a7c15u >> 40;
  for (size_t i = 0; i < kBlocks; i++) {
    Block *block = &blocks[(at + i) % kBlocks];
    if (block->start == start || block->start == nullptr) return block;
  }
  return nullptr;
}

struct Walk {
  int depth;
  uintptr_t site;
};

_Unwind_Reason_Code OnFrame(_Unwind_Context *context, void *data) {
  Walk *walk = static_cast<Walk *>(data);
  const uintptr_t address = _Unwind_GetIP(context);
  if (image->is_code(address)) walk->site = address;
  return walk->site != 0 || ++walk->depth == kDeepest ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* Returns the address in the plugin that an allocation returns to; 0 if there is none in the innermost frames. */
uintptr_t CallingSite() {
  Walk walk = {};
  _Unwind_Backtrace(OnFrame, &walk);
  return walk.site;
}

void *Took(void *start, size_t size) {
  const Inside guard;
  if (start == nullptr || !guard.first()) return start;
  const uintptr_t site = CallingSite();
  std::lock_guard<std::mutex> held(lock);
  Block *block = used < kBlocks / 2 ? Find(start) : nullptr;
  if (block == nullptr) return start;
  used += block->start == nullptr;
  *block = {start, size, site};
  return start;
}

void Gave(void *start) {
  const Inside guard;
  if (start == nullptr || !guard.first()) return;
  std::lock_guard<std::mutex> held(lock);
  Block *block = Find(start);
  if (block != nullptr && block->start != nullptr) block->size = 0;
}

void *Malloc(size_t size) {
  return Took(malloc(size), size);
}
void *Calloc(size_t count, size_t size) {
  return Took(calloc(count, size), count * size);
}
void *Realloc(void *old, size_t size) {
  Gave(old);
  return Took(realloc(old, size), size);
}
void *AlignedAlloc(size_t alignment, size_t size) {
  return Took(aligned_alloc(alignment, size), size);
}
int PosixMemalign(void **start, size_t alignment, size_t size) {
  int error = posix_memalign(start, alignment, size);
  if (error == 0) Took(*start, size);
  return error;
}
void Free(void *start) {
  Gave(start);
  free(start);
}
void *Map(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  void *start = mmap(address, size, protection, flags, file, offset);
  return start == MAP_FAILED ? start : Took(start, size);
}
int Unmap(void *start, size_t size) {
  Gave(start);
  return munmap(start, size);
}

const Replacement kReplacements[] = {
    {"malloc", reinterpret_cast<void *>(Malloc)},
    {"calloc", reinterpret_cast<void *>(Calloc)},
    {"realloc", reinterpret_cast<void *>(Realloc)},
    {"aligned_alloc", reinterpret_cast<void *>(AlignedAlloc)},
    {"posix_memalign", reinterpret_cast<void *>(PosixMemalign)},
    {"free", reinterpret_cast<void *>(Free)},
    {"mmap", reinterpret_cast<void *>(Map)},
    {"mmap64", reinterpret_cast<void *>(Map)},
    {"munmap", reinterpret_cast<void *>(Unmap)},
};

}  // namespace

bool RecordAllocations(const probe::Image &plugin) {
  image = &plugin;
  void *memory =
      mmap(nullptr, kBlocks * sizeof(Block), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  blocks = static_cast<Block *>(memory);
  CallingSite(); /* the unwinder prepares itself at its first use */
  if (!ReplaceImports(kReplacements, std::size(kReplacements))) return false;
  recording = true;
  return true;
}

AllocationSite WorstAllocation(size_t least) {
  recording = false;
  std::lock_guard<std::mutex> held(lock);
  std::map<uintptr_t, AllocationSite> sites;
  for (size_t i = 0; i < kBlocks; i++) {
    if (blocks[i].size == 0 || blocks[i].site == 0) continue;
    AllocationSite &site = sites[blocks[i].site];
    site = {blocks[i].site, site.count + 1, site.bytes + blocks[i].size};
  }
  AllocationSite worst;
  for (const auto &[address, site] : sites)
    if (site.count >= least && site.bytes > worst.bytes) worst = site;
  return worst;
}

}  // namespace tenon::check
