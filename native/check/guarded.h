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
  /* From now on only reading is allowed. */
  void MakeReadOnly();
  /* From now on nothing is allowed: whoever has kept a pointer is found out. */
  void Forbid();

 private:
  void Protect(int allowed);

  uint8_t *pages_, *data_;
  size_t size_, usable_;
};

}  // namespace tenon::check

#endif
