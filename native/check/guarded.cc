#include "check/guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "check/watched_memory.h"

namespace tenon::check {

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
  Unwatch(pages_, usable_ + 2 * kPage);
  munmap(pages_, usable_ + 2 * kPage);
}

void Guarded::Explain(const char *before, const char *behind) {
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
  if (finding != nullptr) Watch(begin(), usable_, finding);
  if (mprotect(begin(), usable_, allowed) == 0) return;
  perror("tenon-checker: cannot protect memory");
  _Exit(3);
}

}  // namespace tenon::check
