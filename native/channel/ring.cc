#include "channel/ring.h"

#include <sys/mman.h>

#include <algorithm>

namespace tenon {

void RingWriter::Attach(const ChannelMemory &memory, RingName name) {
  words_ = &memory.header()->rings[name];
  base_ = memory.ring(name);
  size_ = memory.ring_size(name);
  secret_ = memory.secret();
}

/* Reads the reader's position. It may only move forward, by whole lines, up to the published position. */
bool RingWriter::Refresh() {
  uint64_t tail = words_->tail.load(std::memory_order_seq_cst);
  if (tail == skip_) tail = resumed_;
  if (tail - tail_ > head_ - tail_ || tail % kLine != 0) {
    broken_ = "the reader's position is impossible";
    return false;
  }
  tail_ = tail;
  return true;
}

/* The number of contiguous free bytes from the head on. */
uint64_t RingWriter::Here() const {
  return std::min(size_ - (head_ & (size_ - 1)), size_ - Used());
}

/* Continues at the start of the ring. */
void RingWriter::Skip() {
  bool empty = Used() == 0;
  skip_ = head_;
  resumed_ = head_ = (head_ | (size_ - 1)) + 1;
  if (empty) tail_ = head_;
  words_->skip.store(skip_, std::memory_order_release);
}

uint8_t *RingWriter::Prepare(uint64_t size, uint64_t *room) {
  if (broken_ != nullptr || size > limit()) return nullptr;
  uint64_t space = RecordSpace(size);
  uint64_t offset = head_ & (size_ - 1);
  if (offset >= kRestartOffset || space > Here()) {
    if (!Refresh()) return nullptr;
    uint64_t to_end = size_ - offset;
    /* After the wrap there is room up to the reader. A skip must not be requested before the reader has done
     * the previous one. If there is room after the wrap, it has. */
    uint64_t behind = size_ - Used() > to_end ? size_ - Used() - to_end : 0;
    if (offset != 0 && (Used() == 0 || (space > Here() && space <= behind))) Skip();
    if (space > Here()) return nullptr;
  }
  *room = Here() - sizeof(Slot);
  return base_ + (head_ & (size_ - 1)) + sizeof(Slot);
}

void RingWriter::Commit(const Record &record) {
  Slot *slot = SlotAt(head_);
  uint64_t space = RecordSpace(record.size), stamp = StampOf(head_, secret_);
  slot->record = record;
  touched_ = std::max(touched_, (head_ & (size_ - 1)) + space);
  last_ = head_;
  head_ += space;
  /* Not one exchange: an exchange would wait for the earlier lines, and meanwhile the reader would take this
   * one. */
  slot->stamp.store(stamp, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Ring(&words_->reader_sleeps);
}

void RingWriter::AddFlags(uint64_t position, uint32_t flags) {
  if (position - tail_ >= head_ - tail_) return;
  __atomic_fetch_or(&SlotAt(position)->record.flags, flags, __ATOMIC_SEQ_CST);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool RingWriter::AwaitRoom(uint64_t size) {
  uint64_t room;
  const auto ready = [&] { return broken_ != nullptr || Prepare(size, &room) != nullptr; };
  while (!ready()) Sleep(&words_->writer_sleeps, Now() + kRoomSlice, ready);
  return broken_ == nullptr;
}

bool RingWriter::Trim() {
  if (broken_ != nullptr || !Refresh() || Used() != 0) return false;
  if (!wants_trim()) return true;
  uint64_t end = std::min(size_, (touched_ + kPage - 1) & ~uint64_t{kPage - 1});
  madvise(base_ + kKeptMemory, end - kKeptMemory, MADV_REMOVE);
  touched_ = kKeptMemory;
  return true;
}

void RingReader::Attach(const ChannelMemory &memory, RingName name) {
  words_ = &memory.header()->rings[name];
  base_ = memory.ring(name);
  size_ = memory.ring_size(name);
  secret_ = memory.secret();
  MoveTo(0);
}

bool RingReader::Peek(Record *record, const uint8_t **bytes) {
  if (broken_ != nullptr) return false;
  if (words_->skip.load(std::memory_order_acquire) == tail_) {
    if ((tail_ & (size_ - 1)) == 0) return Break("the writer skips at the start of the ring");
    MoveTo((tail_ | (size_ - 1)) + 1);
  }
  if (!IsStamped() || SlotHere()->stamp.load(std::memory_order_acquire) != expected_) return false;
  Slot *slot = SlotHere();
  record->operation = slot->record.operation;
  record->flags = LoadWord(&slot->record.flags); /* the writer may add some at any time */
  memcpy(&record->size, &slot->record.size, sizeof(*record) - offsetof(Record, size));
  /* From here on only the copy is used, because the writer may still change the record. */
  std::atomic_signal_fence(std::memory_order_seq_cst);
  uint64_t to_end = size_ - (tail_ & (size_ - 1));
  if (record->size > to_end - sizeof(Slot)) return Break("a record is longer than the rest of the ring");
  if (record->size > record->total) return Break("a record is longer than its message");
  space_ = RecordSpace(record->size);
  *bytes = reinterpret_cast<const uint8_t *>(slot + 1);
  return true;
}

void RingReader::Release() {
  MoveTo(tail_ + space_);
  space_ = 0;
  /* Not sequentially consistent with the check for a sleeper: that would cost as much as all the rest, and a
   * full ring is rare. */
  words_->tail.store(tail_, std::memory_order_release);
  Ring(&words_->writer_sleeps);
}

}  // namespace tenon
