/* The runner's end of a channel over shared memory. */
#ifndef TENON_CHANNEL_RUNNER_END_H
#define TENON_CHANNEL_RUNNER_END_H

#include "channel/link.h"
#include "channel/own_memory.h"
#include "channel/ring.h"

namespace tenon {

class ChannelRunner final : public HostLink {
 public:
  /* Takes ownership of the two files. `spin` is in nanoseconds. Returns NULL, or what is wrong with the
   * files. */
  const char *Open(int shm, int wake, uint64_t spin);

  /* Waits for a request. Its bytes are in the ring or in memory of the channel. */
  bool Await(Incoming *request) override;
  void Release() override;

  /* The ring for the answer to the request in progress. After Commit the caller must notify the host with
   * Notify. */
  RingWriter &answers() { return answers_; }
  /* Wakes the host if it sleeps or has armed its event loop. */
  void Notify(RingName ring);
  /* Ends the process. Called when the plugin has closed the descriptors of the channel. */
  [[noreturn]] void EndCutOff();
  /* Copies a message to the ring, in parts if it is larger than the ring. Waits for room. */
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
  void Show() override {} /* the host sees the shared memory directly */
  void Alarm() override;
  uint64_t MappedSize() const override { return memory_.size(); }
  int wake_file() const { return wake_; }

 private:
  void AwaitNews();
  bool Join(const Record &record, const uint8_t *bytes);
  void Refuse(const Record &record);

  ChannelMemory memory_;
  RingReader requests_;
  RingWriter answers_;
  RingWriter events_;
  int wake_ = -1;
  Wakefulness awake_;
  OwnMemory parts_; /* a request in parts */
  uint64_t parts_size_ = 0;
  bool joining_ = false;            /* some of its parts have not arrived */
  bool dropping_ = false;           /* there is no memory for it */
  bool in_parts_ = false;           /* the request in progress is in parts_ */
  uint64_t number_ = 0, total_ = 0; /* of the request in parts */
};

}  // namespace tenon

#endif
