#include "ring.h"

#include <sys/mman.h>

#include <algorithm>

namespace tenon {

void RingWriter::Attach(const ChannelMemory &memory, RingName name) {
  words_ = &memory.header()->rings[name];
  base_ = memory.ring(name);
  size_ = memory.ring_size(name);
}

/* Looks at the reader's position. It may only move forward, by whole lines, up to what was published. */
bool RingWriter::Refresh() {
  uint64_t tail = words_->tail.load(std::memory_order_seq_cst);
  if (tail == skip_) tail = resumed_;
  if (tail - tail_ > head_ - tail_ || tail % kLine != 0) {
    broken_ = "the reader's position is not one that it can have";
    return false;
  }
  tail_ = tail;
  return true;
}

/* Bytes in one piece from the head on. */
uint64_t RingWriter::Here() const { return std::min(size_ - (head_ & (size_ - 1)), size_ - Used()); }

/* Goes on at the start of the ring. The reader learns it together with the next record. */
void RingWriter::Skip() {
  bool empty = Used() == 0;
  skip_ = head_;
  resumed_ = head_ = (head_ | (size_ - 1)) + 1;
  if (empty) tail_ = head_;
  words_->skip.store(skip_, std::memory_order_relaxed);
}

uint8_t *RingWriter::Prepare(uint64_t size, uint64_t *room) {
  if (broken_ != nullptr || size > limit()) return nullptr;
  uint64_t space = RecordSpace(size);
  uint64_t offset = head_ & (size_ - 1);
  if (offset >= kRestartOffset || space > Here()) {
    if (!Refresh()) return nullptr;
    uint64_t to_end = size_ - offset;
    /* Behind the end there is room up to the reader; a skip must not be asked for before the reader has made the last one,
     * which it has if there is any. */
    uint64_t behind = size_ - Used() > to_end ? size_ - Used() - to_end : 0;
    if (offset != 0 && (Used() == 0 || (space > Here() && space <= behind))) Skip();
    if (space > Here()) return nullptr;
  }
  *room = Here() - sizeof(Record);
  return base_ + (head_ & (size_ - 1)) + sizeof(Record);
}

void RingWriter::Commit(const Record &record) {
  uint64_t offset = head_ & (size_ - 1);
  memcpy(base_ + offset, &record, sizeof(record));
  uint64_t space = RecordSpace(record.size);
  touched_ = std::max(touched_, offset + space);
  head_ += space;
  words_->head.store(head_, std::memory_order_seq_cst);
  Ring(&words_->reader_sleeps);
}

bool RingWriter::AwaitRoom(uint64_t size, uint64_t deadline) {
  uint64_t room;
  const auto ready = [&] { return broken_ != nullptr || Prepare(size, &room) != nullptr; };
  while (!ready()) {
    if (Now() >= deadline) return false;
    Sleep(&words_->writer_sleeps, deadline, ready);
  }
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
}

bool RingReader::Peek(Record *record, const uint8_t **bytes) {
  if (broken_ != nullptr) return false;
  uint64_t head = words_->head.load(std::memory_order_acquire);
  if (head == tail_) return false;
  if (words_->skip.load(std::memory_order_relaxed) == tail_) tail_ = (tail_ | (size_ - 1)) + 1;
  uint64_t available = head - tail_;
  uint64_t offset = tail_ & (size_ - 1);
  if (available < kLine || available > size_ || available % kLine != 0)
    return Break("the writer's position is not one that it can have");
  available = std::min(available, size_ - offset);
  memcpy(record, base_ + offset, sizeof(*record));
  std::atomic_signal_fence(std::memory_order_seq_cst); /* from here on the copy counts, whatever the writer does */
  if (record->size > available || RecordSpace(record->size) > available) return Break("a record is longer than what was written");
  if (record->size > record->total) return Break("a record is longer than its message");
  space_ = RecordSpace(record->size);
  *bytes = base_ + offset + sizeof(Record);
  return true;
}

void RingReader::Release() {
  tail_ += space_;
  space_ = 0;
  words_->tail.store(tail_, std::memory_order_seq_cst);
  Ring(&words_->writer_sleeps);
}

}  // namespace tenon
