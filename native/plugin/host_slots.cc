#include "plugin/host_slots.h"

#include <stdlib.h>

#include <mutex>

#if defined(__linux__) && !defined(TENON_REUSE_HOSTS)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tenon {
namespace {

/* A whole cache line, so that threads of different instances do not share one. */
struct alignas(64) Slot {
  tenon_host host;
  Slot *next; /* the slot retired after this one, where structs are reused */
  /* in the first slot of each page, which is not a host: the number of retired slots in the page */
  uint32_t retired;
};
static_assert(sizeof(Slot) == 64, "a page is a whole number of slots");

constexpr size_t kChunkSize = size_t{1} << 20;
constexpr uint32_t kReuseAfter = 65536;

/* Leaked on purpose: threads of plugins may outlive the static destructors. */
struct Slots {
  std::mutex mutex;
  tenon_host functions = {};
  Slot *next = nullptr; /* the first unused slot, in the newest chunk */
  Slot *end = nullptr;
  size_t page_slots = 0;
  int tombstones = -1; /* a memfd of kChunkSize, filled with structs whose `ctx` is NULL */
  Slot *oldest = nullptr, *newest = nullptr;
  uint32_t waiting = 0;
};

Slots &All() {
  static Slots &slots = *new Slots;
  return slots;
}

void StoreContext(tenon_host *host, void *ctx) {
#if defined(_MSC_VER) && !defined(__clang__)
  *const_cast<void *volatile *>(&host->ctx) = ctx; /* volatile stores release with /volatile:ms and on x64 */
#else
  __atomic_store_n(&host->ctx, ctx, __ATOMIC_RELEASE);
#endif
}

#if defined(__linux__) && !defined(TENON_REUSE_HOSTS)

constexpr bool kUniqueAddresses = true;

Slot *MapChunk() {
  /* Maps twice the size and cuts it, because a chunk must be aligned to its size: the offset of a tombstone
   * follows from the address within the chunk. */
  void *map = mmap(nullptr, 2 * kChunkSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  uintptr_t start = reinterpret_cast<uintptr_t>(map);
  uintptr_t base = (start + kChunkSize - 1) & ~(kChunkSize - 1);
  if (base != start) munmap(map, base - start);
  uintptr_t tail = start + kChunkSize;
  if (base != tail) munmap(reinterpret_cast<void *>(base + kChunkSize), tail - base);
  return reinterpret_cast<Slot *>(base);
}

/* Creates the file of tombstones, when the first page is full of retired structs. Returns -1 if the system
 * refuses. */
int Tombstones(const Slots &slots) {
  int file = memfd_create("tenon-tombstones", MFD_CLOEXEC);
  if (file < 0) return -1;
  Slot page[64] = {};
  for (Slot &slot : page) slot.host = slots.functions;
  for (size_t written = 0; written < kChunkSize; written += sizeof(page)) {
    if (write(file, page, sizeof(page)) != static_cast<ssize_t>(sizeof(page))) {
      close(file);
      return -1;
    }
  }
  return file;
}

/* Replaces a page of retired structs by tombstones. A thread that reads the page meanwhile sees either. If
 * the system refuses, the page stays. Neighbours with consecutive offsets become one mapping. */
void BuryPage(Slots &slots, uintptr_t page, size_t size) {
  if (slots.tombstones < 0) slots.tombstones = Tombstones(slots);
  if (slots.tombstones < 0) return;
  off_t offset = static_cast<off_t>(page & (kChunkSize - 1));
  mmap(reinterpret_cast<void *>(page), size, PROT_READ, MAP_SHARED | MAP_FIXED, slots.tombstones, offset);
}

size_t PageSlots() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE)) / sizeof(Slot);
}

void Retired(Slots &slots, Slot *slot) {
  uintptr_t page_size = slots.page_slots * sizeof(Slot);
  uintptr_t page = reinterpret_cast<uintptr_t>(slot) & ~(page_size - 1);
  Slot *header = reinterpret_cast<Slot *>(page);
  if (++header->retired == slots.page_slots - 1) BuryPage(slots, page, page_size);
}

#else

constexpr bool kUniqueAddresses = false;

Slot *MapChunk() {
  return static_cast<Slot *>(calloc(1, kChunkSize));
}
size_t PageSlots() {
  return 64;
}

void Retired(Slots &slots, Slot *slot) {
  slot->next = nullptr;
  if (slots.newest != nullptr) slots.newest->next = slot;
  if (slots.oldest == nullptr) slots.oldest = slot;
  slots.newest = slot;
  slots.waiting++;
}

#endif

Slot *Reusable(Slots &slots) {
  if (kUniqueAddresses || slots.waiting <= kReuseAfter) return nullptr;
  Slot *slot = slots.oldest;
  slots.oldest = slot->next;
  slots.waiting--;
  return slot;
}

Slot *Unused(Slots &slots) {
  if (slots.next == slots.end) {
    Slot *chunk = MapChunk();
    if (chunk == nullptr) return nullptr;
    slots.page_slots = PageSlots();
    slots.next = chunk;
    slots.end = chunk + kChunkSize / sizeof(Slot);
  }
  if (reinterpret_cast<uintptr_t>(slots.next) % (slots.page_slots * sizeof(Slot)) == 0) slots.next++;
  return slots.next++;
}

}  // namespace

void SetHostFunctions(const tenon_host &functions) {
  Slots &slots = All();
  std::lock_guard<std::mutex> lock(slots.mutex);
  slots.functions = functions;
}

tenon_host *AcquireHost(void *ctx) {
  Slots &slots = All();
  std::lock_guard<std::mutex> lock(slots.mutex);
  Slot *slot = Reusable(slots);
  if (slot == nullptr) slot = Unused(slots);
  if (slot == nullptr) return nullptr;
  slot->host = slots.functions;
  StoreContext(&slot->host, ctx);
  return &slot->host;
}

void RetireHost(tenon_host *host) {
  Slots &slots = All();
  std::lock_guard<std::mutex> lock(slots.mutex);
  StoreContext(host, nullptr);
  Retired(slots, reinterpret_cast<Slot *>(host));
}

}  // namespace tenon
