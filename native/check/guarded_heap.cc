#include "check/guarded_heap.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "check/crash_record.h"
#include "check/failure.h"
#include "check/imports.h"

namespace tenon::check {
namespace {

/* The address space for all blocks, which is never used twice. A process that may have less gets a smaller part. */
constexpr size_t kMostSpace = size_t{16} << 30, kLeastSpace = size_t{64} << 20;
/* Larger blocks are not guarded. */
constexpr size_t kLargest = 1 << 20;
/* The blocks that are in use at once. Each needs two mappings, of which the system allows 65 530. */
constexpr size_t kMostLive = 12'000;
constexpr size_t kMostLiveBytes = 256 << 20;
constexpr size_t kAlignment = 16;
/* The content of the bytes around a block, and of a block that is not initialised. */
constexpr uint8_t kAround = 0xfb, kFresh = 0xa7;

enum State : uint8_t { kNone, kLive, kFreed };

struct Block {
  uint8_t *start, *pages;
  size_t size, usable; /* of the block, and of its pages */
  bool at_start;
  std::atomic<uint8_t> state;
};

/* No part of this needs a lock: a copy of the process may be made while another thread is in here. */
const std::vector<CodeSpan> *guarded_code;
uint8_t *space;
size_t page, pages_of_space;
Block *blocks;
/* The number of the block of each page, and of the inaccessible page after it, plus one. */
std::atomic<uint32_t> *owners;
std::atomic<size_t> next_page{1}, next_block{0}, live{0}, live_bytes{0};
std::atomic<bool> at_start{false};
/* Set when all libraries free their blocks here. */
std::atomic<bool> guarding{false};

bool IsOurs(const void *memory) {
  return space != nullptr && memory >= space && memory < space + page * pages_of_space;
}

Block *BlockAt(const void *memory) {
  const uint32_t owner = owners[static_cast<size_t>(static_cast<const uint8_t *>(memory) - space) / page];
  return owner == 0 ? nullptr : &blocks[owner - 1];
}

bool IsGuardedCode(const void *caller) {
  const uintptr_t pc = reinterpret_cast<uintptr_t>(caller);
  return std::any_of(guarded_code->begin(), guarded_code->end(),
                     [pc](const CodeSpan &span) { return pc >= span.start && pc < span.end; });
}

/* Returns a guarded block, or NULL if the usual heap has to provide it. */
uint8_t *TakeBlock(size_t size, size_t alignment) {
  if (size > kLargest || alignment > page) return nullptr;
  const size_t count = std::max<size_t>(1, (size + page - 1) / page), usable = count * page;
  if (live >= kMostLive || live_bytes + usable > kMostLiveBytes) return nullptr;
  const size_t first = next_page.fetch_add(count + 1), number = next_block.fetch_add(1);
  if (first + count + 1 > pages_of_space || number >= pages_of_space / 2) return nullptr;
  uint8_t *pages = space + first * page;
  if (mprotect(pages, usable, PROT_READ | PROT_WRITE) != 0) return nullptr;
  Block &block = blocks[number];
  block.at_start = at_start;
  block.pages = pages;
  block.size = size;
  block.usable = usable;
  block.start = pages + (block.at_start ? 0 : (usable - size) / alignment * alignment);
  memset(pages, kAround, usable);
  memset(block.start, kFresh, size);
  for (size_t i = 0; i <= count; i++) owners[first + i] = static_cast<uint32_t>(number + 1);
  live++;
  live_bytes += usable;
  block.state = kLive;
  return block.start;
}

bool IsUntouched(const uint8_t *from, const uint8_t *to) {
  return std::all_of(from, to, [](uint8_t byte) { return byte == kAround; });
}

/* Returns whether the bytes around the block are as they were. */
bool IsIntact(const Block &block) {
  return IsUntouched(block.pages, block.start) &&
         IsUntouched(block.start + block.size, block.pages + block.usable);
}

const char *Say(const char *what, size_t size) {
  static char text[160];
  snprintf(text, sizeof(text), "%s of %zu bytes", what, size);
  return text;
}

const char *DamageOf(const Block &block) {
  return IsUntouched(block.pages, block.start) ? Say("It wrote past the end of a heap block", block.size)
                                               : Say("It wrote before the start of a heap block", block.size);
}

void GiveBlock(void *memory) {
  Block *block = BlockAt(memory);
  if (block == nullptr || block->start != memory)
    CrashWith("It freed or reallocated an address that no allocation returned");
  if (block->state.exchange(kFreed) != kLive)
    CrashWith(Say("It freed or reallocated a heap block twice: one", block->size));
  if (!IsIntact(*block)) CrashWith(DamageOf(*block));
  /* Replaces the pages by inaccessible ones, and frees their memory. */
  mmap(block->pages, block->usable, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
       0);
  live--;
  live_bytes -= block->usable;
}

void *TakeFor(const void *caller, size_t size, size_t alignment) {
  const int kept = errno;
  uint8_t *memory = guarding && IsGuardedCode(caller) ? TakeBlock(size, alignment) : nullptr;
  errno = kept;
  return memory;
}

void *Malloc(size_t size) {
  void *memory = TakeFor(__builtin_return_address(0), size, kAlignment);
  return memory != nullptr ? memory : malloc(size);
}

void *Calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return calloc(count, size);
  void *memory = TakeFor(__builtin_return_address(0), bytes, kAlignment);
  return memory != nullptr ? memset(memory, 0, bytes) : calloc(count, size);
}

void Free(void *memory) {
  if (!IsOurs(memory)) return free(memory);
  const int kept = errno;
  GiveBlock(memory);
  errno = kept;
}

void *Resize(const void *caller, void *old, size_t size) {
  if (old != nullptr && !IsOurs(old)) return realloc(old, size);
  if (old != nullptr && size == 0) return Free(old), nullptr;
  void *memory = TakeFor(caller, size, kAlignment);
  if (memory == nullptr) memory = malloc(size);
  if (memory == nullptr || old == nullptr) return memory;
  const Block *block = BlockAt(old);
  /* A block that was freed must not be read here: GiveBlock reports it. */
  if (block != nullptr && block->start == old && block->state == kLive)
    memcpy(memory, old, std::min(size, block->size));
  Free(old);
  return memory;
}

void *Realloc(void *old, size_t size) {
  return Resize(__builtin_return_address(0), old, size);
}

void *ReallocArray(void *old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return errno = ENOMEM, nullptr;
  return Resize(__builtin_return_address(0), old, bytes);
}

void *AlignedAlloc(size_t alignment, size_t size) {
  void *memory = TakeFor(__builtin_return_address(0), size, std::max(alignment, kAlignment));
  return memory != nullptr ? memory : memalign(alignment, size);
}

int PosixMemalign(void **start, size_t alignment, size_t size) {
  const bool valid = alignment >= sizeof(void *) && (alignment & (alignment - 1)) == 0;
  void *memory =
      valid ? TakeFor(__builtin_return_address(0), size, std::max(alignment, kAlignment)) : nullptr;
  if (memory == nullptr) return posix_memalign(start, alignment, size);
  return *start = memory, 0;
}

size_t UsableSize(void *memory) {
  if (!IsOurs(memory)) return malloc_usable_size(memory);
  const Block *block = BlockAt(memory);
  return block == nullptr ? 0 : block->size;
}

const Replacement kReplacements[] = {
    {"malloc", reinterpret_cast<void *>(Malloc)},
    {"calloc", reinterpret_cast<void *>(Calloc)},
    {"realloc", reinterpret_cast<void *>(Realloc)},
    {"reallocarray", reinterpret_cast<void *>(ReallocArray)},
    {"aligned_alloc", reinterpret_cast<void *>(AlignedAlloc)},
    {"memalign", reinterpret_cast<void *>(AlignedAlloc)},
    {"posix_memalign", reinterpret_cast<void *>(PosixMemalign)},
    {"free", reinterpret_cast<void *>(Free)},
    {"cfree", reinterpret_cast<void *>(Free)},
    {"malloc_usable_size", reinterpret_cast<void *>(UsableSize)},
};

/* Returns the number of libraries that were loaded until now. */
unsigned long long LoadedLibraries() {
  unsigned long long count = 0;
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *found) {
        *static_cast<unsigned long long *>(found) = info->dlpi_adds;
        return 1;
      },
      &count);
  return count;
}

void *Reserve(size_t size) {
  void *memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

/* Returns memory for a table, which is used only where it is written. */
template <typename Entry>
Entry *Table(size_t count) {
  void *memory = mmap(nullptr, count * sizeof(Entry), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Entry *>(memory);
}

}  // namespace

bool GuardHeap(const std::vector<CodeSpan> &code) {
  page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  guarded_code = &code;
  size_t size = kMostSpace;
  while (size >= kLeastSpace && (space = static_cast<uint8_t *>(Reserve(size))) == nullptr) size /= 4;
  if (space == nullptr) return false;
  pages_of_space = size / page;
  owners = Table<std::atomic<uint32_t>>(pages_of_space);
  blocks = Table<Block>(pages_of_space / 2);
  if (owners == nullptr || blocks == nullptr) return false;
  guarding = ReplaceImports(kReplacements, std::size(kReplacements));
  return guarding;
}

void GuardNewLibraries() {
  static unsigned long long seen = 0;
  if (LoadedLibraries() == seen) return;
  seen = LoadedLibraries();
  if (!ReplaceImports(kReplacements, std::size(kReplacements))) FailChecker("protect memory", errno);
}

void PlaceBlocks(BlockPlace place) {
  at_start = place == BlockPlace::kAtStart;
}

size_t GuardedBlocks() {
  return std::min(next_block.load(), pages_of_space / 2);
}

std::string DamagedBlock() {
  for (size_t i = 0; i < GuardedBlocks(); i++)
    if (blocks[i].state == kLive && !IsIntact(blocks[i])) return DamageOf(blocks[i]);
  return "";
}

const char *GuardedHeapFinding(uintptr_t address) {
  const uint8_t *memory = reinterpret_cast<const uint8_t *>(address);
  if (!IsOurs(memory)) return nullptr;
  const Block *block = BlockAt(memory);
  if (block == nullptr) return "It used an address outside of all heap blocks";
  const bool after = memory >= block->pages + block->usable;
  if (!after) return Say("It used a heap block that it had freed: one", block->size);
  if (!block->at_start) return Say("It read or wrote past the end of a heap block", block->size);
  const Block *next = IsOurs(memory + page) ? BlockAt(memory + page) : nullptr;
  if (next == nullptr || next->state != kLive)
    return Say("It read or wrote past the end of a heap block", block->size);
  return Say("It read or wrote before the start of a heap block", next->size);
}

}  // namespace tenon::check
