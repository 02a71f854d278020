/* How much memory this process has. */
#ifndef TENON_CHECK_MEMORY_H
#define TENON_CHECK_MEMORY_H

namespace tenon::check {

class MemoryGauge {
 public:
  MemoryGauge();
  ~MemoryGauge();
  MemoryGauge(const MemoryGauge &) = delete;
  MemoryGauge &operator=(const MemoryGauge &) = delete;

  /* Looks. Allocates nothing. */
  void Read();
  /* Bytes that were asked for and not given back: by malloc to the byte, by mmap to the page. */
  double in_use() const { return in_use_; }
  /* Bytes of its own that are in memory. */
  double resident() const { return resident_; }

 private:
  int statm_;
  double in_use_ = 0, resident_ = 0;
};

}  // namespace tenon::check

#endif
