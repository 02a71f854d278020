/* One ring of a channel: records from one writer to one reader, each in one piece, in order.
 *
 * A writer that finds the ring empty begins again at its start, so that small traffic stays within few pages.
 * Whatever the other side writes into the words or the records, neither end reads or writes outside of the
 * ring: it turns broken instead. */
#ifndef TENON_CHANNEL_RING_H
#define TENON_CHANNEL_RING_H

#include <string.h>

#include "channel/bell.h"
#include "channel/layout.h"

namespace tenon {

/* From this offset on an empty ring begins again at 0. */
constexpr uint64_t kRestartOffset = 32 * 1024;
/* The longest sleep of a writer that waits for room: a reader that gives room back does not make sure that it
 * is seen. */
constexpr uint64_t kRoomSlice = 1000000;
/* Memory that an idle ring keeps. */
constexpr uint64_t kKeptMemory = 256 * 1024;

inline uint64_t RecordSpace(uint64_t size) {
  return (sizeof(Slot) + size + kLine - 1) & ~uint64_t{kLine - 1};
}

/* What stands in the slot of the record at `position`. Never 0, which is what memory starts with. */
inline uint64_t StampOf(uint64_t position, uint64_t secret) {
  return (position ^ secret) | 1;
}

class RingWriter {
 public:
  void Attach(const ChannelMemory &memory, RingName name);

  /* Finds room for a record of `size` bytes: where they go, and in `room` how many there may be at most (a
   * guard for the caller's use included). NULL if there is no such room now. Nothing is taken until Commit.
   */
  uint8_t *Prepare(uint64_t size, uint64_t *room);

  /* Publishes the record whose bytes are where Prepare said. */
  void Commit(const Record &record);

  /* Waits for room, without an end. False when the ring is broken. */
  bool AwaitRoom(uint64_t size);

  /* Gives the memory of an empty ring back that a large record has taken. False if the ring is not empty. */
  bool Trim();
  bool wants_trim() const { return touched_ > kKeptMemory; }

  /* The largest record that goes in at all. */
  uint64_t limit() const { return size_ - sizeof(Slot); }
  uint64_t published() const { return head_; }
  uint64_t Consumed() { return Refresh() ? tail_ : tail_; }
  const char *broken() const { return broken_; }
  RingWords *words() const { return words_; }

 private:
  bool Refresh();
  uint64_t Used() const { return head_ - tail_; }
  uint64_t Here() const;
  void Skip();
  Slot *SlotAt(uint64_t position) const { return reinterpret_cast<Slot *>(base_ + (position & (size_ - 1))); }

  RingWords *words_ = nullptr;
  uint8_t *base_ = nullptr;
  uint64_t size_ = 0;
  uint64_t secret_ = 0;
  uint64_t head_ = 0;
  uint64_t tail_ = 0;        /* the reader's, as last seen */
  uint64_t skip_ = kNowhere; /* the reader's position `skip_` is the same as `resumed_` */
  uint64_t resumed_ = 0;
  uint64_t touched_ = 0;
  const char *broken_ = nullptr;
};

class RingReader {
 public:
  void Attach(const ChannelMemory &memory, RingName name);

  /* The next record, copied, and where its bytes are (as long as Release is not called). False if there is
   * none after all, or the ring is broken. */
  bool Peek(Record *record, const uint8_t **bytes);

  /* Gives the room of the record that Peek showed back to the writer. */
  void Release();

  /* Whether there is something to look at. */
  bool HasNews() const {
    /* The first line of bytes comes along with the slot, not after it. */
    __builtin_prefetch(SlotHere() + 1);
    return IsStamped() || words_->skip.load(std::memory_order_seq_cst) == tail_ || broken_ != nullptr;
  }

  const char *broken() const { return broken_; }
  RingWords *words() const { return words_; }

 private:
  Slot *SlotHere() const { return reinterpret_cast<Slot *>(base_ + (tail_ & (size_ - 1))); }
  /* Looks before the writer has said that there is something. After a skip, bytes of a record may be written
   * where this looks; half of them are no stamp either. That is a race on purpose, of which the thread
   * sanitizer need not know. */
  __attribute__((no_sanitize("thread"))) bool IsStamped() const {
    return __atomic_load_n(reinterpret_cast<const uint64_t *>(&SlotHere()->stamp), __ATOMIC_SEQ_CST) ==
           expected_;
  }
  void MoveTo(uint64_t tail) {
    tail_ = tail;
    expected_ = StampOf(tail, secret_);
  }
  bool Break(const char *reason) {
    broken_ = reason;
    return false;
  }

  RingWords *words_ = nullptr;
  uint8_t *base_ = nullptr;
  uint64_t size_ = 0;
  uint64_t secret_ = 0;
  uint64_t tail_ = 0;
  uint64_t expected_ = 0; /* the stamp of the record at tail_ */
  uint64_t space_ = 0;    /* of the record that was shown */
  const char *broken_ = nullptr;
};

}  // namespace tenon

#endif
