/* The memory of this process. */
#ifndef TENON_CHECK_MEMORY_H
#define TENON_CHECK_MEMORY_H

namespace tenon::check {

class MemoryGauge {
 public:
  MemoryGauge();
  ~MemoryGauge();
  MemoryGauge(const MemoryGauge &) = delete;
  MemoryGauge &operator=(const MemoryGauge &) = delete;

  /* Updates the values. Allocates nothing. */
  void Read();
  /* Allocated bytes. Memory of malloc counts to the byte, other mapped memory to the page. */
  double in_use() const { return in_use_; }
  /* Resident bytes that are not shared. */
  double resident() const { return resident_; }

 private:
  int statm_;
  double in_use_ = 0, resident_ = 0;
};

}  // namespace tenon::check

#endif
