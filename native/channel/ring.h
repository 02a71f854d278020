/* One ring of a channel. It carries records from one writer to one reader, in order, each contiguous in
 * memory.
 *
 * A writer that finds the ring empty restarts at its beginning, so that small traffic touches only a few
 * pages. No matter what the other side writes to the words or the records, neither end reads or writes
 * outside of the ring. The ring becomes broken instead. */
#ifndef TENON_CHANNEL_RING_H
#define TENON_CHANNEL_RING_H

#include <string.h>

#include "channel/bell.h"
#include "channel/layout.h"

namespace tenon {

/* The offset from which an empty ring restarts at 0. */
constexpr uint64_t kRestartOffset = 32 * 1024;
/* The longest sleep of a writer that waits for room, in nanoseconds. Needed because a reader that frees room
 * does not make sure that the writer sees it. */
constexpr uint64_t kRoomSlice = 1000000;
/* The memory that an idle ring keeps, in bytes. */
constexpr uint64_t kKeptMemory = 256 * 1024;

inline uint64_t RecordSpace(uint64_t size) {
  return (sizeof(Slot) + size + kLine - 1) & ~uint64_t{kLine - 1};
}

/* Returns the stamp of the record at `position`. It is never 0, the initial value of the memory. */
inline uint64_t StampOf(uint64_t position, uint64_t secret) {
  return (position ^ secret) | 1;
}

class RingWriter {
 public:
  void Attach(const ChannelMemory &memory, RingName name);

  /* Finds room for a record of `size` bytes. Returns the address for its bytes, or NULL if it does not
   * fit now. `room` receives the largest number of bytes that fit there, which the caller may use for a
   * guard. Nothing is reserved until Commit. */
  uint8_t *Prepare(uint64_t size, uint64_t *room);

  /* Publishes the record whose bytes were written to the address that Prepare returned. */
  void Commit(const Record &record);

  /* The position of the record that was committed last. */
  uint64_t last() const { return last_; }
  /* Adds flags to a committed record. A reader that has not reached the record yet sees them. Does nothing if the
   * room of the record may already be in use again. */
  void AddFlags(uint64_t position, uint32_t flags);

  /* Waits for room, without a time limit. Returns false when the ring is broken. */
  bool AwaitRoom(uint64_t size);

  /* Releases the memory that a large record took, if the ring is empty. Returns false if it is not. */
  bool Trim();
  bool wants_trim() const { return touched_ > kKeptMemory; }

  /* The size of the largest record that fits into the ring. */
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
  uint64_t last_ = kNowhere;
  uint64_t tail_ = 0;        /* the reader's position, as last seen */
  uint64_t skip_ = kNowhere; /* if the reader is at `skip_`, it is at `resumed_` */
  uint64_t resumed_ = 0;
  uint64_t touched_ = 0;
  const char *broken_ = nullptr;
};

class RingReader {
 public:
  void Attach(const ChannelMemory &memory, RingName name);

  /* Copies the next record and returns the address of its bytes, which are valid until Release. Returns false
   * if the ring is empty or broken. */
  bool Peek(Record *record, const uint8_t **bytes);

  /* Returns the room of the record that Peek returned to the writer. */
  void Release();

  /* Returns whether Peek has something to do: a record, a skip, or a broken ring. */
  bool HasNews() const {
    /* Prefetches the first line of bytes, so that it arrives along with the slot and not after it. */
    __builtin_prefetch(SlotHere() + 1);
    return IsStamped() || words_->skip.load(std::memory_order_seq_cst) == tail_ || broken_ != nullptr;
  }

  const char *broken() const { return broken_; }
  RingWords *words() const { return words_; }

 private:
  Slot *SlotHere() const { return reinterpret_cast<Slot *>(base_ + (tail_ & (size_ - 1))); }
  /* Reads the stamp before the writer has announced a record. After a skip, the writer may be writing bytes
   * of a record here. A partial write of those does not match a stamp either. The race is deliberate, so it
   * is hidden from ThreadSanitizer. */
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
  uint64_t expected_ = 0; /* the stamp that the record at tail_ will have */
  uint64_t space_ = 0;    /* of the current record */
  const char *broken_ = nullptr;
};

}  // namespace tenon

#endif
