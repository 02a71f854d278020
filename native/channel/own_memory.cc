#include "channel/own_memory.h"

#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tenon {
namespace {

/* Smaller blocks come from malloc, because a mapping costs more than they do. */
constexpr size_t kSmallestMapping = 256 * 1024;
bool apart = false;

#if defined(__linux__)

/* The keeper recognizes the name. Returns NULL if the system or the sandbox refuses. */
uint8_t *Map(size_t size) {
  int file = memfd_create("tenon-own", MFD_CLOEXEC);
  if (file < 0) return nullptr;
  void *map = MAP_FAILED;
  if (ftruncate(file, static_cast<off_t>(size)) == 0)
    map = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  close(file);
  if (map == MAP_FAILED) return nullptr;
  madvise(map, size, MADV_DONTFORK); /* processes that the plugin starts must not inherit it */
  return static_cast<uint8_t *>(map);
}

void Unmap(uint8_t *map, size_t size) {
  munmap(map, size);
}

#else

/* No other system has a keeper that counts shared memory. */
uint8_t *Map(size_t) {
  return nullptr;
}
void Unmap(uint8_t *, size_t) {}

#endif

}  // namespace

void OwnMemory::CountApart() {
  apart = true;
}

bool OwnMemory::Resize(size_t size, size_t kept) {
  bool map = apart && size >= kSmallestMapping;
  if (!map && !mapped_) {
    uint8_t *larger = static_cast<uint8_t *>(realloc(data_, size == 0 ? 1 : size));
    if (larger == nullptr) return false;
    data_ = larger;
    size_ = size;
    return true;
  }
  OwnMemory other;
  other.data_ = map ? Map(size) : nullptr;
  other.size_ = size;
  other.mapped_ = other.data_ != nullptr;
  if (!other.mapped_) other.data_ = static_cast<uint8_t *>(malloc(size == 0 ? 1 : size));
  if (other.data_ == nullptr) return false;
  if (kept != 0) memcpy(other.data_, data_, kept);
  *this = std::move(other);
  return true;
}

void OwnMemory::Free() {
  if (mapped_) {
    Unmap(data_, size_);
  } else {
    free(data_);
  }
  data_ = nullptr;
  size_ = 0;
  mapped_ = false;
}

}  // namespace tenon
