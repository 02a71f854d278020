/* The runner's end of a channel. */
#ifndef TENON_CHANNEL_RUNNER_END_H
#define TENON_CHANNEL_RUNNER_END_H

#include <vector>

#include "channel/link.h"
#include "channel/ring.h"

namespace tenon {

class ChannelRunner final : public HostLink {
 public:
  /* Takes the two files over. NULL, or what is wrong with them. */
  const char *Open(int shm, int wake, uint64_t spin);

  /* A request's bytes are in the ring, or in memory of the channel. */
  bool Await(Incoming *request) override;
  void Release() override;

  /* Where the answer to the request under way is written to. After Commit the host has to be told: Notify. */
  RingWriter &answers() { return answers_; }
  /* Wakes the host if it sleeps or has armed its event loop. */
  void Notify(RingName ring);
  /* Ends the process, whose plugin has closed the descriptors that it had from the host. */
  [[noreturn]] void EndCutOff();
  /* Copies a message into the ring, in parts if it is larger, and waits for room. */
  void Send(Record record, const uint8_t *bytes, uint64_t size) override;

  uint8_t *PrepareAnswer(uint64_t size, uint64_t *room) override { return answers_.Prepare(size, room); }
  void CommitAnswer(const Record &record) override;

  bool PutEvent(const Record &record, const void *bytes) override;
  uint64_t EventsPut() const override { return events_.published(); }
  uint64_t EventsTaken() override { return events_.Consumed(); }
  uint64_t LongestEvent() const override { return events_.limit(); }
  void TrimEvents() override {
    if (events_.wants_trim()) events_.Trim();
  }

  ChannelMemory &memory() { return memory_; }
  void Show() override {} /* it sees them anyway */
  void Alarm() override;
  uint64_t MappedSize() const override { return memory_.size(); }
  int wake_file() const { return wake_; }

 private:
  void AwaitNews();
  bool Join(const Record &record, const uint8_t *bytes);

  ChannelMemory memory_;
  RingReader requests_;
  RingWriter answers_;
  RingWriter events_;
  int wake_ = -1;
  Wakefulness awake_;
  std::vector<uint8_t> parts_;
  bool joining_ = false;
  bool in_parts_ = false; /* the request under way is in parts_ */
  uint64_t number_ = 0;
};

}  // namespace tenon

#endif
