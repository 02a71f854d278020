/* The memory that a plugin appends its output to, and the check that the plugin stayed within it. */
#ifndef TENON_PLUGIN_OUTPUT_H
#define TENON_PLUGIN_OUTPUT_H

#include "tenon.h"

namespace tenon {

/* The outcome of a call: 0 to 8 are the statuses of plugins, the rest are findings of the host.
 * src/tiers/control.ts has the same values. */
enum Outcome : int32_t {
  kClosed = -1,
  kPoisoned = -2,
  kDisabled = -3,
  kNotBytes = -4,
  kShared = -5,
  kInspect = -6,    /* the input may be detached or resizable: JavaScript must check it */
  kBadBatch = -7,   /* offsets that decrease or exceed the data */
  kExhausted = -8,  /* the host ran out of memory or of instances */
  kWedged = -9,     /* an earlier call has not returned from the instance's thread */
  kFull = -10,      /* too many calls wait for the instance's thread */
  kTimedOut = -11,  /* the call did not return in time and may still run */
  kNotBegun = -12,  /* the call timed out before its turn */
  kTooLong = -13,   /* the result is longer than the host accepts */
  kBadStatus = -16, /* from here on: the plugin violated the contract */
  kOverrun = -17,   /* wrote past the capacity */
  kBadLength = -18, /* len exceeds the capacity */
  kTampered = -19,  /* changed members of the output that belong to the host */
  kNotText = -20,   /* a failure's message is not UTF-8 */
  kBadRecord = -21, /* the size of a record differs from that of the method's result */
};

/* The guard after the capacity: a pattern that is checked after each call, then room in which a larger
 * overrun does no harm. */
constexpr uint64_t kCanary[2] = {0x9f3ac7d15be8042d, 0x61c2f84ab7390ed5};
constexpr size_t kGuardSize = 4096;

/* The largest result, in bytes. Offsets of a batch are 32-bit. */
constexpr size_t kMaxOutput = 0x7fffffff;

/* Writes the pattern after `capacity` bytes of `data`. */
inline void ArmCanary(uint8_t *data, size_t capacity) {
  memcpy(data + capacity, kCanary, sizeof(kCanary));
}

/* The output of one call at a time. Each environment has one. It must not move, because a plugin knows its
 * address during a call. */
class Output {
 public:
  ~Output();

  /* Begins a call that writes to `data`, whose canary is armed. A larger output grows into the block. */
  tenon_out *Begin(uint8_t *data, size_t capacity) {
    out_.data = data_ = data;
    out_.len = 0;
    out_.capacity = capacity_ = capacity;
    out_.reserve = Reserve;
    start_ = 0;
    breach_ = 0;
    grown_ = false;
    open_ = true;
    return &out_;
  }

  /* Begins a call that appends to the block after its first `start` bytes. Returns NULL if memory is
   * exhausted. */
  tenon_out *BeginAppend(size_t start) {
    if (block_ == nullptr && !MakeBlock()) return nullptr;
    Begin(block_ + start, block_capacity_ - start);
    start_ = start;
    grown_ = true;
    return &out_;
  }

  /* Ends the call. Returns `status` if the plugin kept the contract, the Outcome otherwise. After a violation
   * the output is empty. */
  int32_t End(tenon_status status) {
    open_ = false;
    int32_t finding = breach_ != 0 ? breach_ : Inspect();
    if (finding == 0 && status >= TENON_OK && status <= TENON_CLOSED) return status;
    return Discard(finding != 0 ? finding : kBadStatus);
  }

  size_t length() const { return out_.len; }
  const uint8_t *data() const { return data_; }
  /* Whether the output has left the memory that Begin received. */
  bool grown() const { return grown_; }
  uint8_t *block() { return block_; }
  /* The number of bytes that the system last refused, or 0 if it has always provided them. */
  size_t refused() const { return refused_; }

  /* Frees a block that is too large to keep for the next call. */
  void Trim();
  /* Transfers ownership of the block to the caller, who frees it. */
  uint8_t *ReleaseBlock();

 private:
  static tenon_status Reserve(tenon_out *out, size_t additional);
  tenon_status Grow(size_t additional);
  bool MakeBlock();
  void Free();
  int32_t Discard(int32_t finding);
  int32_t Inspect() const {
    if (out_.data != data_ || out_.capacity != capacity_ || out_.reserve != Reserve) return kTampered;
    if (out_.len > capacity_) return kBadLength;
    return memcmp(data_ + capacity_, kCanary, sizeof(kCanary)) == 0 ? 0 : kOverrun;
  }

  tenon_out out_; /* first: a plugin gets its address */
  uint64_t magic_ = kMagic;
  /* The values that `out_` must still have after the call. */
  uint8_t *data_ = nullptr;
  size_t capacity_ = 0;
  size_t start_ = 0; /* offset in the block at which this call's output starts */
  int32_t breach_ = 0;
  bool grown_ = false;
  bool open_ = false;
  uint8_t *block_ = nullptr;
  size_t block_capacity_ = 0;
  size_t refused_ = 0;

  static constexpr uint64_t kMagic = 0x74656e6f6e6f7574;
};

/* Returns whether the bytes are well-formed UTF-8. */
bool IsUtf8(const uint8_t *bytes, size_t length);

}  // namespace tenon

#endif
