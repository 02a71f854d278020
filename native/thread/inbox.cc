#include "thread/inbox.h"

#include <stdlib.h>

namespace tenon {
Inbox::Chunk *Inbox::MakeChunk() {
  return static_cast<Chunk *>(malloc(sizeof(Chunk)));
}

Inbox::Inbox() : last_(MakeChunk()), reserve_(MakeChunk()), first_(last_) {}

Inbox::~Inbox() {
  while (Job *job = Take()) FreeJob(job);
  free(first_);
  free(reserve_);
  free(spare_.load(std::memory_order_relaxed));
}

bool Inbox::Put(Job *job, bool last) {
  if (end_ == kPlaces) {
    Chunk *chunk = spare_.exchange(nullptr, std::memory_order_acquire);
    if (chunk == nullptr) chunk = MakeChunk();
    if (chunk == nullptr && last) {
      chunk = reserve_;
      reserve_ = nullptr;
    }
    if (chunk == nullptr) return false;
    last_->next = chunk;
    last_ = chunk;
    end_ = 0;
  }
  last_->places[end_++] = job;
  put_.store(++count_, std::memory_order_release);
  return true;
}

Job *Inbox::Take() {
  uint32_t taken = taken_.load(std::memory_order_relaxed);
  uint32_t ahead = put_.load(std::memory_order_acquire) - taken;
  if (ahead == 0) return nullptr;
  if (begin_ == kPlaces) {
    Chunk *next = first_->next;
    free(spare_.exchange(first_, std::memory_order_acq_rel));
    first_ = next;
    begin_ = 0;
  }
  Job *job = first_->places[begin_++];
  if (ahead > 1 && begin_ < kPlaces) Prefetch(first_->places[begin_]);
  taken_.store(taken + 1, std::memory_order_relaxed);
  return job;
}

}  // namespace tenon
