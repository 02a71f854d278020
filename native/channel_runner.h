/* The runner's end of a channel. */
#ifndef TENON_NATIVE_CHANNEL_RUNNER_H
#define TENON_NATIVE_CHANNEL_RUNNER_H

#include <vector>

#include "channel.h"
#include "ring.h"

namespace tenon {

/* A request. `bytes` are in the ring, or in memory of the channel, until Release. */
struct Incoming {
  Record record;
  const uint8_t *bytes;
  uint64_t place; /* of the bytes in the memfd, 0 if they are elsewhere */
};

class ChannelRunner {
 public:
  /* Takes the two files over. NULL, or what is wrong with them. */
  const char *Open(int shm, int wake, uint64_t spin);

  /* Waits, without an end, for the next whole request. False if the host has broken the protocol. */
  bool Await(Incoming *request);
  /* The bytes of the request are used up. */
  void Release();

  /* Where the answer to the request under way is written to. After Commit the host has to be told: Notify. */
  RingWriter &answers() { return answers_; }
  /* Wakes the host if it sleeps or has armed its event loop. */
  void Notify(RingName ring);
  /* Copies a message into the ring, in parts if it is larger, and waits for room. */
  void Send(Record record, const uint8_t *bytes, uint64_t size);

  ChannelMemory &memory() { return memory_; }
  RunnerFacts &facts() { return memory_.header()->facts; }
  Breadcrumb &breadcrumb() { return memory_.header()->breadcrumb; }
  void SetState(RunnerState state) { facts().state.store(static_cast<uint32_t>(state), std::memory_order_release); }
  /* For a signal handler: tells a host that waits in whatever way to look at the state. */
  void Alarm();
  int wake_file() const { return wake_; }

 private:
  void AwaitNews();
  bool Join(const Record &record, const uint8_t *bytes);

  ChannelMemory memory_;
  RingReader requests_;
  RingWriter answers_;
  int wake_ = -1;
  uint64_t spin_ = 0;
  std::vector<uint8_t> parts_;
  bool joining_ = false;
  bool in_parts_ = false; /* the request under way is in parts_ */
  uint64_t number_ = 0;
};

}  // namespace tenon

#endif
