/* The memory that a plugin appends its output to, and the proof that it kept to it. */
#ifndef TENON_PLUGIN_OUTPUT_H
#define TENON_PLUGIN_OUTPUT_H

#include "tenon.h"

namespace tenon {

/* How a call went: 0 to 8 are what the plugin returned, the rest is the host's finding. src/tiers/control.ts
 * has the same. */
enum Outcome : int32_t {
  kClosed = -1,
  kPoisoned = -2,
  kDisabled = -3,
  kNotBytes = -4,
  kShared = -5,
  kInspect = -6,    /* the input may be detached or resizable: JavaScript has to look */
  kBadBatch = -7,   /* offsets that decrease or leave the data */
  kExhausted = -8,  /* the host ran out of memory or of instances */
  kWedged = -9,     /* an earlier call did not come back from the instance's thread */
  kFull = -10,      /* too many calls wait for the instance's thread */
  kTimedOut = -11,  /* it did not come back in time, and may still run */
  kNotBegun = -12,  /* its time was over before its turn came */
  kBadStatus = -16, /* from here on: the plugin broke the contract */
  kOverrun = -17,   /* wrote behind the capacity */
  kBadLength = -18, /* len over capacity */
  kTampered = -19,  /* changed members of the output that are the host's */
  kNotText = -20,   /* a failure's message that is not UTF-8 */
  kBadRecord = -21, /* a record of another size than the method's result has */
};

/* Bytes behind the capacity: a pattern that is checked after each call, then room in which a larger overrun
 * does no harm. */
constexpr uint64_t kCanary[2] = {0x9f3ac7d15be8042d, 0x61c2f84ab7390ed5};
constexpr size_t kGuardSize = 4096;

/* More than this is no result: offsets of a batch are 32-bit. */
constexpr size_t kMaxOutput = 0x7fffffff;

/* Writes the pattern behind `capacity` bytes of `data`. */
inline void ArmCanary(uint8_t *data, size_t capacity) {
  memcpy(data + capacity, kCanary, sizeof(kCanary));
}

/* One for each environment, used for one call at a time. Must not move: a plugin knows its address during a
 * call. */
class Output {
 public:
  ~Output();

  /* Starts a call that writes to `data`, whose canary is armed; grows into the block. */
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

  /* Starts a call that appends to the block behind the first `start` bytes. NULL if there is no memory. */
  tenon_out *BeginAppend(size_t start) {
    if (block_ == nullptr && !MakeBlock()) return nullptr;
    Begin(block_ + start, block_capacity_ - start);
    start_ = start;
    grown_ = true;
    return &out_;
  }

  /* Ends the call: `status` if the plugin kept the contract, the Outcome otherwise. After a breach nothing is
   * in the output. */
  int32_t End(tenon_status status) {
    open_ = false;
    int32_t finding = breach_ != 0 ? breach_ : Inspect();
    if (finding == 0 && status >= TENON_OK && status <= TENON_CLOSED) return status;
    return Discard(finding != 0 ? finding : kBadStatus);
  }

  size_t length() const { return out_.len; }
  const uint8_t *data() const { return data_; }
  /* Whether the output has left the memory that Begin got. */
  bool grown() const { return grown_; }
  uint8_t *block() { return block_; }

  /* Frees a block that is too large to be kept for the next call. */
  void Trim();
  /* Gives the block away, to be freed by the caller. */
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
  /* What `out_` must still say after the call. */
  uint8_t *data_ = nullptr;
  size_t capacity_ = 0;
  size_t start_ = 0; /* where in the block this call's output starts */
  int32_t breach_ = 0;
  bool grown_ = false;
  bool open_ = false;
  uint8_t *block_ = nullptr;
  size_t block_capacity_ = 0;

  static constexpr uint64_t kMagic = 0x74656e6f6e6f7574;
};

/* Whether the bytes are well-formed UTF-8. */
bool IsUtf8(const uint8_t *bytes, size_t length);

}  // namespace tenon

#endif
