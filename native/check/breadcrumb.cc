#include "check/breadcrumb.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "check/failure.h"
#include "check/mutate.h"

namespace tenon::check {

Breadcrumb::Breadcrumb(const std::string &path) {
  static_assert(sizeof(Header) == 128, "src/check/fuzz/breadcrumb.ts knows the layout");
  if (path.empty()) return;
  size_t size = sizeof(Header) + kLongestMadeUp;
  int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) FailChecker("create a file for the generated input", errno);
  /* Without space on the disk, a write to the mapping would raise a signal. */
  int error = posix_fallocate(file, 0, static_cast<off_t>(size));
  if (error != 0) FailChecker("reserve space for the generated input", error);
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) FailChecker("map the file for the generated input", errno);
  close(file);
  header_ = static_cast<Header *>(memory);
}

void Breadcrumb::Leave(uint64_t number, const std::string &what, const std::string &bytes) {
  if (header_ == nullptr) return;
  size_t size = std::min(bytes.size(), kLongestMadeUp);
  header_->number = number;
  header_->size = size;
  strncpy(header_->what, what.c_str(), sizeof(header_->what) - 1);
  memcpy(header_ + 1, bytes.data(), size);
  memcpy(header_->magic, "TENONFUZ", sizeof(header_->magic));
  /* The input is stored before the plugin runs. */
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace tenon::check
