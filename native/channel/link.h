/* The runner's connection to its host, over any transport: requests in; answers, events and the runner's own
 * state out. The transports are shared memory (runner_end.h) and a pipe (pipe_end.h). */
#ifndef TENON_CHANNEL_LINK_H
#define TENON_CHANNEL_LINK_H

#include "channel/layout.h"

namespace tenon {

/* A request. `bytes` are valid until Release. */
struct Incoming {
  Record record;
  const uint8_t *bytes;
  uint64_t place; /* offset of the bytes in the memfd; 0 if they are elsewhere */
};

/* The interface of a transport. There is one object per process, used by the thread that makes the calls.
 * PutEvent and the functions after it are called with the emitter's lock held. Never destroyed, because
 * threads of the plugin may run until the process ends. */
class HostLink {
 public:
  /* Waits for the next complete request, without a time limit. Returns false if the host violated the
   * protocol. */
  virtual bool Await(Incoming *request) = 0;
  /* Ends the use of the request's bytes. */
  virtual void Release() = 0;

  /* Finds room to build an answer of `size` bytes in place; `room` receives the maximum size. Returns NULL if
   * the caller must build the answer elsewhere and Send it. */
  virtual uint8_t *PrepareAnswer(uint64_t size, uint64_t *room) = 0;
  /* Sends the answer that was built in place. */
  virtual void CommitAnswer(const Record &record) = 0;
  /* Copies a message out. Waits for room. */
  virtual void Send(Record record, const uint8_t *bytes, uint64_t size) = 0;

  /* Sends an event or a log entry of `record.size` bytes without waiting. Returns false if it does not fit
   * now. */
  virtual bool PutEvent(const Record &record, const void *bytes) = 0;
  /* Positions in the stream of events: up to where events were written, and up to where the host has consumed
   * them. */
  virtual uint64_t EventsPut() const = 0;
  virtual uint64_t EventsTaken() = 0;
  virtual uint64_t LongestEvent() const = 0;
  /* Releases the memory of large events. Called when the host has consumed all events. */
  virtual void TrimEvents() = 0;

  /* Makes the current facts, breadcrumb and crash record visible to the host. */
  virtual void Show() = 0;
  /* As Show, and wakes a host that waits in any way. Async-signal-safe. */
  virtual void Alarm() = 0;
  /* Bytes of address space that the link has mapped. */
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
