/* Memory with forbidden pages around it: whoever leaves it is ended by a signal at that very instruction. */
#ifndef TENON_CHECK_GUARDED_H
#define TENON_CHECK_GUARDED_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

class Guarded {
 public:
  enum Place {
    kAtEnd,  /* the byte behind the last one is forbidden */
    kAtStart /* the byte before the first one is forbidden; so it is aligned to a page, too */
  };

  explicit Guarded(size_t size, Place place = kAtEnd);
  ~Guarded();
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }
  /* All that is not forbidden, from `begin` to `end`: whole pages, in which `data` lies. */
  uint8_t *begin() const { return pages_ + kPage; }
  uint8_t *end() const { return pages_ + kPage + usable_; }
  /* What it means to leave it. Literals, as Watch takes them. */
  void Explain(const char *before, const char *behind);
  /* From now on only reading is allowed; `finding` is what it means to write. */
  void MakeReadOnly(const char *finding = nullptr);
  /* From now on nothing is allowed: whoever has kept a pointer is found out. */
  void Forbid(const char *finding = nullptr);

 private:
  static constexpr size_t kPage = 4096;

  void Protect(int allowed, const char *finding = nullptr);

  uint8_t *pages_, *data_;
  size_t size_, usable_;
};

}  // namespace tenon::check

#endif
