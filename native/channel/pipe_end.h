/* The runner's end of a pipe or socket to its host, for systems without the shared memory of layout.h. It
 * carries the same records in both directions.
 *
 *     Record, then record.size bytes; flags are 0 and total equals size: messages are not split
 *
 * In addition to the operations of layout.h, the host sends kTaken, kWithdraw and kListening, and the runner sends
 * kPageRecord. A thread reads everything as it arrives, so that a host that writes never waits for a runner that
 * writes. Another thread writes the events, because emitting must not block. An answer is written by the thread
 * that made it, after the events that were emitted before it. */
#ifndef TENON_CHANNEL_PIPE_END_H
#define TENON_CHANNEL_PIPE_END_H

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "channel/link.h"
#include "channel/own_memory.h"
#include "channel/pipe_file.h"

namespace tenon {

/* From the host: it has delivered the events up to the position `number`. */
constexpr uint32_t kTaken = 9;
/* From the host: it no longer wants the request `number`. The runner answers that with kNotBegun unless it has
 * begun. */
constexpr uint32_t kWithdraw = 10;
/* From the host: its event loop waits for the bell again. */
constexpr uint32_t kListening = 11;
/* From the runner: the current RunnerPage. */
constexpr uint32_t kPageRecord = 20;

/* The longest message, in bytes. A longer one is refused. */
constexpr uint64_t kLongestPiped = uint64_t{1} << 32;
/* The limit for events that wait for the host, in bytes, with the memory that each takes there besides its bytes.
 * src/tiers/process/pipe/inbox.ts has the same numbers. */
constexpr uint64_t kMostEvents = uint64_t{64} << 20;
constexpr uint64_t kEventSpace = 512;

/* The state that shared memory shows all the time. src/tiers/process/pipe/page.ts has the same offsets. */
struct RunnerPage {
  RunnerFacts facts;
  Breadcrumb breadcrumb;
  CrashRecord crash;
};
static_assert(sizeof(Record) == 48 && offsetof(RunnerPage, breadcrumb) == 64 &&
                  offsetof(RunnerPage, crash) == 128 && sizeof(RunnerPage) == 384,
              "pipe/page.ts has the same offsets");

class PipeLink final : public HostLink {
 public:
  PipeLink() { Place(&page_.facts, &page_.breadcrumb, &page_.crash); }

  /* Takes ownership of the files, which may be the same one. `gone` ends this process when its host is gone.
   * Returns NULL, or what is wrong with the files. */
  const char *Open(PipeFile in, PipeFile out, void (*gone)());
  /* Takes ownership of a pipe into which a byte is written when there is something to read. For a host whose event
   * loop cannot wait for `out`. After a byte nothing is written until the host sends kListening. */
  void SetBell(PipeFile bell) { bell_ = bell; }
  /* Starts to read requests and to write events. */
  bool Start();

  bool Await(Incoming *request) override;
  void Release() override { bytes_.Free(); }
  uint8_t *PrepareAnswer(uint64_t, uint64_t *) override { return nullptr; }
  void CommitAnswer(const Record &) override {}
  void Send(Record record, const uint8_t *bytes, uint64_t size) override;
  bool PutEvent(const Record &record, const void *bytes) override;
  uint64_t EventsPut() const override { return put_; }
  uint64_t EventsTaken() override { return std::min(put_, taken_.load(std::memory_order_acquire)); }
  uint64_t LongestEvent() const override { return kMostEvents - kEventSpace; }
  void TrimEvents() override {}
  void Show() override;
  void Alarm() override { Show(); }
  uint64_t MappedSize() const override { return 0; }

 private:
  /* Bits of `news_`. With both of them the bell rings, and neither is set any more. */
  static constexpr uint32_t kHostListens = 1, kHasWritten = 2;

  struct Message {
    Record record;
    OwnMemory bytes; /* none, not even of size 0: there was no memory */
  };

  static void *ReadAll(void *self);
  static void *WriteEvents(void *self);
  bool ReadOne();
  bool Read(void *to, uint64_t size);
  bool Discard(uint64_t size);
  void Withdraw(uint64_t number);
  void Enqueue(const Record &record, OwnMemory bytes, bool broken);
  bool TakeTurn(int attempts);
  void EndTurn() { writing_.store(0, std::memory_order_release); }
  void WriteWaiting();
  void WriteRecord(const Record &record, const void *bytes);
  void WriteBytes(const void *bytes, uint64_t size);
  void Ring(uint32_t news);

  PipeFile in_ = kNoPipeFile, out_ = kNoPipeFile, bell_ = kNoPipeFile;
  bool is_socket_ = false;
  void (*gone_)() = nullptr;
  RunnerPage page_ = {};

  std::mutex in_mutex_; /* guards the next four members */
  std::condition_variable arrived_;
  std::deque<Message> requests_;
  bool broken_ = false;
  OwnMemory bytes_; /* of the request in progress */

  std::mutex turn_;                  /* held by the writing thread, which then also takes: */
  std::atomic<uint32_t> writing_{0}; /* the same lock for a signal handler, which must not wait for a mutex */
  std::atomic<uint32_t> news_{kHostListens};
  std::mutex events_mutex_; /* guards the next two members */
  std::condition_variable emitted_;
  std::deque<Message> events_;
  uint64_t put_ = 0;
  std::atomic<uint64_t> taken_{0};
};

}  // namespace tenon

#endif
