/* The output of a call, which the plugin writes directly to the ring of answers if there is one. It is the
 * counterpart of Output (plugin/output.h) for calls in the host's process, with the same capacities and
 * checks. */
#ifndef TENON_RUNNER_REPLY_H
#define TENON_RUNNER_REPLY_H

#include "channel/link.h"
#include "channel/own_memory.h"
#include "plugin/output.h"
#include "tenon.h"

namespace tenon {

/* The answer to one request at a time. It must not move, because a plugin knows its address during a call. */
class Reply {
 public:
  /* `longest` is the largest answer that the host accepts, in bytes. */
  Reply(HostLink *channel, size_t longest) : channel_(channel), longest_(longest) {}
  Reply(const Reply &) = delete;
  Reply &operator=(const Reply &) = delete;

  /* Begins an answer whose first `prefix` bytes are set by Put. Returns false if memory is exhausted; then
   * the answer can only be sent empty. */
  bool Start(size_t prefix);
  /* Writes to the prefix, or past it while the answer has no output yet. */
  void Put(size_t at, const void *bytes, size_t size);

  /* Begins a call that appends to the answer. */
  tenon_out *Begin();
  /* Ends the call. Returns `status` if the plugin kept the contract and its output is not too long, the Outcome
   * otherwise. After a violation the output is empty. */
  int32_t End(tenon_status status);
  /* Keeps the output of the call in the answer. */
  void Keep() { start_ += out_.len, out_.len = 0; }
  /* Discards the output of the call. */
  void Discard() { out_.len = 0; }

  size_t length() const { return out_.len; }
  const uint8_t *data() const { return memory_ + start_; }
  size_t longest() const { return longest_; }
  size_t kept() const { return start_; }

  /* Sends the kept bytes. */
  void Send(const Record &record);

 private:
  static tenon_status Reserve(tenon_out *out, size_t additional);
  tenon_status Grow(size_t additional);
  bool MoveToBlock(size_t used, size_t window);
  void Offer();
  int32_t Inspect() const;
  bool in_ring() const { return block_.data() == nullptr; }

  tenon_out out_ = {}; /* first member: a plugin receives its address */
  uint64_t magic_ = kMagic;
  HostLink *channel_;
  size_t longest_;
  uint8_t *memory_ = nullptr; /* memory of the answer, in the ring or in the block */
  size_t room_ = 0;           /* bytes usable without a move, excluding the guard */
  size_t window_ = 0;         /* bytes that the plugin may use; the canary follows them */
  size_t start_ = 0;          /* bytes that are kept */
  int32_t breach_ = 0;
  bool open_ = false;
  bool refused_ = false; /* the plugin asked for more than `longest_` */
  OwnMemory block_;

  static constexpr uint64_t kMagic = 0x74656e6f6e727079;
};

}  // namespace tenon

#endif
