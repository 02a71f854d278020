#include "check/guarded.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <mutex>

#include "check/failure.h"
#include "check/sanitizer.h"
#include "check/watched_memory.h"

namespace tenon::check {
namespace {

/* The retired memory that is kept. The number bounds the mappings of the process, of which the system allows
 * 65 530. The bytes bound its address space. */
constexpr size_t kMostRetired = 512;
constexpr size_t kMostRetiredBytes = 256 << 20;

/* Memory that no call uses any more, the oldest first. */
class Retired {
 public:
  void Add(std::unique_ptr<Guarded> memory) {
    std::lock_guard<std::mutex> lock(changing_);
    bytes_ += memory->usable();
    ring_[(first_ + count_++) % kMostRetired] = std::move(memory);
    while (count_ == kMostRetired || (bytes_ > kMostRetiredBytes && count_ > 1)) FreeOldest();
  }

 private:
  void FreeOldest() {
    std::unique_ptr<Guarded> oldest = std::move(ring_[first_]);
    bytes_ -= oldest->usable();
    first_ = (first_ + 1) % kMostRetired;
    count_--;
  }

  std::mutex changing_;
  std::unique_ptr<Guarded> ring_[kMostRetired];
  size_t first_ = 0, count_ = 0, bytes_ = 0;
};

}  // namespace

Guarded::Guarded(size_t size, Place place) : size_(size) {
  if (HeapIsChecked() && place == kAtEnd) {
    MakeBlock();
    return;
  }
  usable_ = (size + kPage - 1) / kPage * kPage;
  if (usable_ == 0) usable_ = kPage;
  void *all = mmap(nullptr, usable_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) FailChecker("map memory", errno);
  pages_ = static_cast<uint8_t *>(all);
  Protect(PROT_READ | PROT_WRITE);
  data_ = pages_ + kPage + (place == kAtEnd ? usable_ - size : 0);
}

void Guarded::MakeBlock() {
  usable_ = size_;
  data_ = block_ = static_cast<uint8_t *>(malloc(size_));
  if (block_ == nullptr && size_ != 0) FailChecker("allocate memory", ENOMEM);
  if (size_ == 0) ForbidAccess(block_, 1); /* a sanitizer takes it for a block of one byte */
}

Guarded::~Guarded() {
  free(block_);
  if (pages_ == nullptr) return;
  Unwatch(pages_, usable_ + 2 * kPage);
  munmap(pages_, usable_ + 2 * kPage);
}

void Guarded::Retire(std::unique_ptr<Guarded> memory, const char *finding) {
  static Retired &retired = *new Retired; /* threads of a plugin may use the memory until the process ends */
  if (memory->pages_ == nullptr) return;  /* freed, so that the sanitizer reports a use */
  Unwatch(memory->pages_, memory->usable_ + 2 * kPage);
  Watch(memory->pages_, memory->usable_ + 2 * kPage, finding);
  memory->Forbid();
  madvise(memory->begin(), memory->usable_, MADV_DONTNEED);
  retired.Add(std::move(memory));
}

void Guarded::Explain(const char *before, const char *behind) {
  if (pages_ == nullptr) return;
  Watch(pages_, kPage, before);
  Watch(end(), kPage, behind);
}

void Guarded::MakeReadOnly(const char *finding) {
  Protect(PROT_READ, finding);
}

void Guarded::Forbid(const char *finding) {
  Protect(PROT_NONE, finding);
}

void Guarded::Protect(int allowed, const char *finding) {
  if (pages_ == nullptr) {
    if (allowed == PROT_NONE) free(block_), block_ = nullptr;
    return;
  }
  if (finding != nullptr) Watch(begin(), usable_, finding);
  if (mprotect(begin(), usable_, allowed) != 0) FailChecker("protect memory", errno);
}

}  // namespace tenon::check
