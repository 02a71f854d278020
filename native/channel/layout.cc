#include "channel/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace tenon {
namespace {

constexpr uint64_t kSmallestRing = 64 * 1024;
constexpr uint64_t kLargestRing = uint64_t{1} << 36;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

uint64_t PowerOfTwo(uint64_t size) {
  uint64_t power = kSmallestRing;
  while (power < size && power < kLargestRing) power *= 2;
  return power;
}

bool IsRing(const RingPlace &place, uint64_t expected_offset, uint64_t total) {
  return place.offset == expected_offset && place.size >= kSmallestRing && place.size <= kLargestRing &&
         (place.size & (place.size - 1)) == 0 && place.size <= total - place.offset;
}

void *Map(int file, uint64_t size) {
  void *map = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (map == MAP_FAILED) return nullptr;
  madvise(map, size, MADV_DONTFORK); /* processes that the plugin starts must not inherit it */
  madvise(map, size, MADV_DONTDUMP);
  return map;
}

}  // namespace

int ChannelMemory::Create(const uint64_t (&sizes)[kRingCount], int *file) {
  if (getrandom(&secret_, sizeof(secret_), 0) != sizeof(secret_)) return errno;
  uint64_t total = kHeaderSize;
  for (int i = 0; i < kRingCount; i++) {
    places_[i] = {total, PowerOfTwo(sizes[i])};
    total += places_[i].size;
  }
  int made = memfd_create("tenon-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made < 0) return errno;
  void *map = nullptr;
  if (ftruncate(made, static_cast<off_t>(total)) == 0 && fcntl(made, F_ADD_SEALS, kSeals) == 0)
    map = Map(made, total);
  if (map == nullptr) {
    int problem = errno;
    close(made);
    return problem;
  }
  base_ = static_cast<uint8_t *>(map);
  size_ = total;
  ChannelHeader *made_header = new (map) ChannelHeader();
  made_header->magic = kChannelMagic;
  made_header->layout = kChannelLayout;
  made_header->total = total;
  made_header->secret = secret_;
  for (int i = 0; i < kRingCount; i++) {
    made_header->places[i] = places_[i];
    made_header->rings[i].skip.store(kNowhere);
  }
  *file = made;
  return 0;
}

const char *ChannelMemory::Open(int file) {
  struct stat facts;
  if (fstat(file, &facts) != 0) return "the descriptor of the shared memory is not open";
  uint64_t size = static_cast<uint64_t>(facts.st_size);
  if (size < kHeaderSize) return "the shared memory is smaller than its header";
  if ((fcntl(file, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
    return "the shared memory is not sealed";
  void *map = Map(file, size);
  if (map == nullptr) return "the shared memory cannot be mapped";
  base_ = static_cast<uint8_t *>(map);
  size_ = size;
  if (header()->magic != kChannelMagic || header()->layout != kChannelLayout || header()->total != size)
    return "the shared memory is not a channel of this version of tenon";
  secret_ = header()->secret;
  uint64_t offset = kHeaderSize;
  for (int i = 0; i < kRingCount; i++) {
    places_[i] = header()->places[i];
    if (!IsRing(places_[i], offset, size))
      return "the rings of the shared memory are not at their expected offsets";
    offset += places_[i].size;
  }
  return nullptr;
}

void ChannelMemory::ReadBreadcrumb(Breadcrumb *copy) const {
  memcpy(copy, &header()->breadcrumb, sizeof(*copy));
  /* The compiler must not read the shared memory again: only the copy is checked. */
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

bool ChannelMemory::ReadCrash(CrashRecord *copy) const {
  const CrashRecord &crash = header()->crash;
  if (LoadWord(&crash.written) != 1) return false;
  memcpy(copy, &crash, sizeof(*copy));
  std::atomic_signal_fence(std::memory_order_seq_cst);
  copy->frame_count = std::min(copy->frame_count, static_cast<uint32_t>(kMaxFrames));
  return true;
}

const uint8_t *ChannelMemory::InputAt(uint64_t offset, uint64_t size) const {
  const RingPlace &place = places_[kRequests];
  uint64_t end = place.offset + place.size;
  if (offset < place.offset || offset > end || size > end - offset) return nullptr;
  return base_ + offset;
}

void ChannelMemory::Unmap() {
  if (base_ != nullptr) munmap(base_, size_);
  base_ = nullptr;
}

}  // namespace tenon
