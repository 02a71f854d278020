#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

namespace tenon::check {
namespace {

constexpr size_t kPage = 4096;

}  // namespace

Guarded::Guarded(size_t size, Place place) : size_(size) {
  usable_ = (size + kPage - 1) / kPage * kPage;
  if (usable_ == 0) usable_ = kPage;
  void *all = mmap(nullptr, usable_ + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) {
    perror("tenon-checker: no memory");
    _Exit(3);
  }
  pages_ = static_cast<uint8_t *>(all);
  Protect(PROT_READ | PROT_WRITE);
  data_ = pages_ + kPage + (place == kAtEnd ? usable_ - size : 0);
}

Guarded::~Guarded() {
  munmap(pages_, usable_ + 2 * kPage);
}

void Guarded::MakeReadOnly() {
  Protect(PROT_READ);
}

void Guarded::Forbid() {
  Protect(PROT_NONE);
}

void Guarded::Protect(int allowed) {
  if (mprotect(pages_ + kPage, usable_, allowed) == 0) return;
  perror("tenon-checker: cannot protect memory");
  _Exit(3);
}

}  // namespace tenon::check
