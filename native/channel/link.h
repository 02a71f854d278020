/* What the runner has of its host, over whatever it comes: requests in; answers, events and the runner's own
 * state out. Over shared memory (runner_end.h), or over a pipe (pipe_end.h). */
#ifndef TENON_CHANNEL_LINK_H
#define TENON_CHANNEL_LINK_H

#include "channel/layout.h"

namespace tenon {

/* A request. `bytes` stay until Release. */
struct Incoming {
  Record record;
  const uint8_t *bytes;
  uint64_t place; /* of the bytes in the memfd, 0 if they are elsewhere */
};

/* One per process, for the thread that makes the calls; PutEvent and what follows is for whoever holds the
 * emitter's lock. Never destroyed: threads of the plugin may run until the very end. */
class HostLink {
 public:
  /* Waits, without an end, for the next whole request. False if the host has broken the protocol. */
  virtual bool Await(Incoming *request) = 0;
  /* The bytes of the request are used up. */
  virtual void Release() = 0;

  /* Finds room where an answer of `size` bytes may be made in place; in `room` how many it may have at most.
   * NULL if it is to be made elsewhere, and sent. */
  virtual uint8_t *PrepareAnswer(uint64_t size, uint64_t *room) = 0;
  /* Sends the answer that was made in place. */
  virtual void CommitAnswer(const Record &record) = 0;
  /* Copies a message out, and waits for room. */
  virtual void Send(Record record, const uint8_t *bytes, uint64_t size) = 0;

  /* Sends an event or a log entry of `record.size` bytes, without waiting. False if there is no room now. */
  virtual bool PutEvent(const Record &record, const void *bytes) = 0;
  /* Positions: how far events were put, and how far the host has taken them. */
  virtual uint64_t EventsPut() const = 0;
  virtual uint64_t EventsTaken() = 0;
  virtual uint64_t LongestEvent() const = 0;
  /* Everything was taken: gives the memory of large events back. */
  virtual void TrimEvents() = 0;

  /* Has the host see the facts, the breadcrumb and the crash record as they are now. */
  virtual void Show() = 0;
  /* The same for a host that waits, in whatever way. Allowed in a signal handler. */
  virtual void Alarm() = 0;
  /* Bytes of address space that are the link's. */
  virtual uint64_t MappedSize() const = 0;

  RunnerFacts &facts() { return *facts_; }
  Breadcrumb &breadcrumb() { return *breadcrumb_; }
  CrashRecord &crash() { return *crash_; }
  void SetState(RunnerState state) {
    facts_->state.store(static_cast<uint32_t>(state), std::memory_order_release);
  }

 protected:
  ~HostLink() = default;
  void Place(RunnerFacts *facts, Breadcrumb *breadcrumb, CrashRecord *crash) {
    facts_ = facts;
    breadcrumb_ = breadcrumb;
    crash_ = crash;
  }

 private:
  RunnerFacts *facts_ = nullptr;
  Breadcrumb *breadcrumb_ = nullptr;
  CrashRecord *crash_ = nullptr;
};

}  // namespace tenon

#endif
