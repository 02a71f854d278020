/* Memory between inaccessible pages. An access outside it raises a signal at that instruction. If the system
 * refuses a mapping, the scenario is incomplete. If a sanitizer checks the heap, memory that ends at such a page is a
 * heap block instead, so that a report has its size. */
#ifndef TENON_CHECK_GUARDED_H
#define TENON_CHECK_GUARDED_H

#include <stddef.h>
#include <stdint.h>

#include <memory>

namespace tenon::check {

class Guarded {
 public:
  enum Place {
    kAtEnd,  /* the byte after the last one is inaccessible */
    kAtStart /* the byte before the first one is inaccessible, so `data` is aligned to a page */
  };

  explicit Guarded(size_t size, Place place = kAtEnd);
  ~Guarded();
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }
  /* The accessible range, from `begin` to `end`: the whole pages that contain `data`. */
  uint8_t *begin() const { return pages_ == nullptr ? data_ : pages_ + kPage; }
  uint8_t *end() const { return begin() + usable_; }
  /* The number of accessible bytes: whole pages, or those of a heap block. */
  size_t usable() const { return usable_; }
  /* Sets the findings for accesses before and after the memory. Both are literals, as for Watch. */
  void Explain(const char *before, const char *behind);
  /* Makes the memory read-only. `finding` is the finding for a write. */
  void MakeReadOnly(const char *finding = nullptr);
  /* Makes the memory inaccessible, so that a use of a retained pointer is detected. */
  void Forbid(const char *finding = nullptr);
  /* Makes memory inaccessible for good, and keeps its address from being used for other memory. Only the
   * newest memory that was retired is kept: its amount is bounded. [any-thread] */
  static void Retire(std::unique_ptr<Guarded> memory, const char *finding);

 private:
  static constexpr size_t kPage = 4096;

  void MakeBlock();
  void Protect(int allowed, const char *finding = nullptr);

  uint8_t *pages_ = nullptr, *data_;
  size_t size_, usable_;
  uint8_t *block_ = nullptr; /* of the heap, instead of `pages_` */
};

}  // namespace tenon::check

#endif
