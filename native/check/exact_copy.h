/* Bytes for a call. If a sanitizer checks the heap, they are copied to a block of exactly their size. */
#ifndef TENON_CHECK_EXACT_COPY_H
#define TENON_CHECK_EXACT_COPY_H

#include <stdint.h>
#include <string.h>

#include <memory>

#include "check/sanitizer.h"

namespace tenon::check {

class ExactCopy {
 public:
  ExactCopy(const void *bytes, size_t size) : data_(static_cast<const uint8_t *>(bytes)) {
    if (!HeapIsChecked() || size == 0) return;
    copy_.reset(new uint8_t[size]);
    memcpy(copy_.get(), bytes, size);
    data_ = copy_.get();
  }

  const uint8_t *data() const { return data_; }

 private:
  const uint8_t *data_;
  std::unique_ptr<uint8_t[]> copy_;
};

}  // namespace tenon::check

#endif
