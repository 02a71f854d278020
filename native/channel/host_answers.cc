/* The answers and events that the host's end receives. */
#include <errno.h>
#include <stdlib.h>

#include <algorithm>
#include <new>

#include "channel/host_end.h"
#include "plugin/output.h"

namespace tenon {

/* Returns whether this is a record of the answer that comes next. A runner answers each request once, in order,
 * so it cannot make this end store more answers than there are requests. */
bool ChannelHost::IsExpected(const Record &record) {
  const char *problem = nullptr;
  if (record.number != expected_ || expected_ > numbers_) {
    problem = "it sent an answer that was not requested";
  } else if (record.total > options_.longest_answer) {
    problem = "an answer is longer than the limit";
  }
  if (problem != nullptr) Break(problem);
  return problem == nullptr;
}

/* Reads the next record from the ring. It is a whole answer, or a part that is joined with the others. */
ChannelHost::Arrival ChannelHost::Fetch(Message *answer) {
  if (!responses_.Peek(&answer->record, &answer->bytes)) return Arrival::kNothing;
  const Record &record = answer->record;
  if (!IsExpected(record)) return Arrival::kNothing;
  bool more = (record.flags & kMore) != 0;
  if (!joining_ && !more) {
    if (record.size == record.total) {
      in_ring_ = true;
      expected_++;
      return Arrival::kWhole;
    }
    Break("an answer's size differs from the size in its header");
    return Arrival::kNothing;
  }
  if (!Join(record, answer->bytes)) return Arrival::kNothing;
  responses_.Release();
  if (more) return Arrival::kPart;
  bool lost = parts_.bytes == nullptr;
  answer->record = parts_.record;
  answer->record.size = answer->record.total = lost ? 0 : parts_size_;
  if (lost) answer->record.status = kExhausted;
  answer->bytes = shown_ = parts_.bytes;
  in_ring_ = joining_ = false;
  parts_ = {};
  expected_++;
  return Arrival::kWhole;
}

bool ChannelHost::Join(const Record &record, const uint8_t *bytes) {
  bool first = !joining_;
  if (first) {
    parts_ = {record, nullptr};
    parts_size_ = parts_room_ = 0;
    joining_ = true;
  }
  uint64_t size = parts_size_ + record.size;
  bool last = (record.flags & kMore) == 0;
  if (record.total != parts_.record.total || size > record.total || last != (size == record.total) ||
      record.size == 0) {
    Break("the parts of an answer are inconsistent");
    return false;
  }
  if (first || parts_.bytes != nullptr) Append(record, bytes);
  parts_size_ = size;
  return true;
}

/* Stores a part. Allocates as the bytes arrive, not as they are announced. Without memory the whole answer is
 * dropped. */
void ChannelHost::Append(const Record &record, const uint8_t *bytes) {
  uint64_t size = parts_size_ + record.size;
  if (size > parts_room_) {
    parts_room_ = std::min(record.total, std::max(size, 2 * parts_room_));
    uint8_t *larger = static_cast<uint8_t *>(realloc(parts_.bytes, parts_room_));
    if (larger == nullptr) free(parts_.bytes);
    parts_.bytes = larger;
  }
  if (parts_.bytes != nullptr) memcpy(parts_.bytes + parts_size_, bytes, record.size);
}

void ChannelHost::Done() {
  if (in_ring_) responses_.Release();
  free(shown_);
  shown_ = nullptr;
  in_ring_ = false;
}

/* Stores an answer that arrived while the caller waited for another one. */
bool ChannelHost::Keep(const Message &answer) {
  Kept kept = {answer.record, shown_};
  if (in_ring_) {
    kept.bytes = static_cast<uint8_t *>(malloc(answer.record.size + 1));
    if (kept.bytes != nullptr) {
      memcpy(kept.bytes, answer.bytes, answer.record.size);
    } else {
      kept.record.size = kept.record.total = 0;
      kept.record.status = kExhausted;
    }
  }
  shown_ = nullptr;
  Done();
  try {
    kept_.push_back(kept);
  } catch (const std::bad_alloc &) {
    free(kept.bytes);
    Break("the host has no memory to store an answer");
    return false;
  }
  return true;
}

/* Takes the stored answer with this number, or the oldest one if the number is ~0. */
bool ChannelHost::TakeKept(uint64_t number, Message *answer) {
  for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
    if (number != kNever && kept->record.number != number) continue;
    answer->record = kept->record;
    answer->bytes = shown_ = kept->bytes;
    kept_.erase(kept);
    return true;
  }
  return false;
}

bool ChannelHost::Next(Message *answer, uint64_t until) {
  if (!kept_.empty() && TakeKept(kNever, answer)) return true;
  while (broken() == nullptr) {
    Arrival arrival = Fetch(answer);
    if (arrival != Arrival::kPart) return arrival == Arrival::kWhole;
    if (Now() >= until) return false;
  }
  return false;
}

bool ChannelHost::NextEvent(Message *event) {
  if (!events_.Peek(&event->record, &event->bytes)) return false;
  if (event->record.size == event->record.total) return true;
  Break("an event's size differs from the size in its header");
  return false;
}

Wait ChannelHost::Await(uint64_t number, Deadline &deadline, Message *answer) {
  if (!kept_.empty() && TakeKept(number, answer)) return Wait::kDone;
  const auto ready = [&] { return responses_.HasNews() || HasEnded(); };
  uint64_t slice = kSlice;
  bool gone = false;
  for (;;) {
    Arrival arrival;
    while (broken() == nullptr && (arrival = Fetch(answer)) != Arrival::kNothing) {
      bool whole = arrival == Arrival::kWhole;
      if (whole && answer->record.number == number) return Wait::kDone;
      if (whole && !Keep(*answer)) break;
      deadline.HasWorked();
      if (deadline.HasPassed()) return Wait::kTimeout;
    }
    if (broken() != nullptr) return Wait::kBroken;
    if (gone) return Wait::kGone;
    gone = HasEnded(); /* then checks once more for what was written before */
    if (gone || awake_.Wait(ready)) continue;
    if (deadline.HasPassed()) return Wait::kTimeout;
    Sleep(&responses_.words()->reader_sleeps, std::min(deadline.At(), Now() + slice), ready);
    if (responses_.HasNews()) continue;
    slice = Listen();
    gone = IsGone();
  }
}

bool ChannelHost::TakeBatch(const Message &answer, uint32_t count, int32_t *offsets, int32_t *statuses,
                            BatchAnswer *batch) {
  uint64_t start = BatchResponseData(count);
  if (answer.record.size < start) return false;
  BatchResponse head;
  memcpy(&head, answer.bytes, sizeof(head));
  const uint8_t *from = answer.bytes + sizeof(head);
  memcpy(offsets, from, (size_t{count} + 1) * sizeof(int32_t));
  if (count != 0)
    memcpy(statuses, from + (size_t{count} + 1) * sizeof(int32_t), size_t{count} * sizeof(int32_t));
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (head.count != count || head.processed > count || offsets[0] != 0) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (offsets[i + 1] < offsets[i]) return false;
  }
  *batch = {head.processed, answer.bytes + start, static_cast<uint64_t>(offsets[count])};
  return batch->size == answer.record.size - start;
}

}  // namespace tenon
