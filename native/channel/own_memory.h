/* Memory of the runner itself: requests that arrive in parts, and answers that do not fit into the ring. */
#ifndef TENON_CHANNEL_OWN_MEMORY_H
#define TENON_CHANNEL_OWN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <utility>

namespace tenon {

class OwnMemory {
 public:
  OwnMemory() = default;
  OwnMemory(OwnMemory &&other) noexcept { *this = std::move(other); }
  OwnMemory &operator=(OwnMemory &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~OwnMemory() { Free(); }

  /* From here on large blocks are shared mappings, which `limits.memory` does not count: it is the plugin's. In
   * the sandbox, which refuses such mappings, they remain ordinary memory. */
  static void CountApart();

  /* Makes room for `size` bytes and keeps the first `kept`. Returns false if there is no memory; then the block
   * is as before. */
  bool Resize(size_t size, size_t kept);
  void Free();
  uint8_t *data() const { return data_; }
  size_t size() const { return size_; }

 private:
  uint8_t *data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;
};

}  // namespace tenon

#endif
