/* The output of a call, written by the plugin straight into the ring of answers where there is one. What
 * Output (output.h) is to calls in the host's process: the same capacities, the same checks. */
#ifndef TENON_RUNNER_REPLY_H
#define TENON_RUNNER_REPLY_H

#include "channel/link.h"
#include "plugin/output.h"
#include "tenon.h"

namespace tenon {

/* Used for one answer at a time. Must not move: a plugin knows its address during a call. */
class Reply {
 public:
  explicit Reply(HostLink *channel) : channel_(channel) {}
  Reply(const Reply &) = delete;
  Reply &operator=(const Reply &) = delete;
  ~Reply();

  /* Starts an answer whose first `prefix` bytes are for Put. False if there is no memory: then it can only be
   * sent empty. */
  bool Start(size_t prefix);
  /* Writes into the prefix, or over it when the answer has no output yet. */
  void Put(size_t at, const void *bytes, size_t size);

  /* A call appends to the answer. */
  tenon_out *Begin();
  /* Ends the call: `status` if the plugin kept the contract, the Outcome otherwise. After a breach nothing is
   * in the output. */
  int32_t End(tenon_status status);
  /* What the call wrote stays in the answer. */
  void Keep() { start_ += out_.len, out_.len = 0; }
  /* What it wrote does not. */
  void Discard() { out_.len = 0; }

  size_t length() const { return out_.len; }
  const uint8_t *data() const { return memory_ + start_; }
  size_t kept() const { return start_; }

  /* Publishes what was kept. */
  void Send(const Record &record);

 private:
  static tenon_status Reserve(tenon_out *out, size_t additional);
  tenon_status Grow(size_t additional);
  bool MoveToBlock(size_t used, size_t window);
  void Offer();
  int32_t Inspect() const;
  bool in_ring() const { return block_ == nullptr; }

  tenon_out out_ = {}; /* first: a plugin gets its address */
  uint64_t magic_ = kMagic;
  HostLink *channel_;
  uint8_t *memory_ = nullptr; /* of the answer, in the ring or in the block */
  size_t room_ = 0;           /* bytes of it that can be used without moving, without the guard */
  size_t window_ = 0;         /* bytes of it that the plugin may use: the canary is behind them */
  size_t start_ = 0;          /* bytes of it that are kept */
  int32_t breach_ = 0;
  bool open_ = false;
  uint8_t *block_ = nullptr;

  static constexpr uint64_t kMagic = 0x74656e6f6e727079;
};

}  // namespace tenon

#endif
