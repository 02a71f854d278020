/* The requests of a host to one runner. */
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "plugin/output.h"
#include "process/processes.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* missing in headers before Linux 5.14 */
#endif

namespace tenon {
namespace {

constexpr uint64_t kMillisecond = 1000000;
/* Populates memory that may be new to the process: faulting in all pages at once takes a third of the time of
 * one after the other. Where the system cannot do it, they fault in one by one. */
void TouchPages(uint8_t *memory, size_t size) {
  uintptr_t from = reinterpret_cast<uintptr_t>(memory) & ~uintptr_t{kPage - 1};
  uintptr_t to = (reinterpret_cast<uintptr_t>(memory) + size + kPage - 1) & ~uintptr_t{kPage - 1};
  madvise(reinterpret_cast<void *>(from), to - from, MADV_POPULATE_WRITE);
}

}  // namespace

Request Process::RequestOf(const Pieces &bytes) const {
  const int32_t *control = owner_->control;
  Request request;
  request.operation = static_cast<uint32_t>(control[kWordOperation]);
  request.instance = static_cast<uint32_t>(control[kWordInstance]);
  request.method = control[kWordMethod];
  request.detail = static_cast<uint32_t>(control[kWordDetail]);
  request.bytes = bytes;
  return request;
}

uint64_t Process::Timeout() const {
  int32_t milliseconds = owner_->control[kWordTimeout];
  return milliseconds < 0 ? kNever : static_cast<uint64_t>(milliseconds) * kMillisecond;
}

void Process::Fail(Wait wait) {
  switch (wait) {
    case Wait::kTimeout:
      owner_->control[kWordOutcome] = kOutcomeTimeout;
      break;
    case Wait::kGone:
      owner_->control[kWordOutcome] = kOutcomeGone;
      break;
    default:
      owner_->control[kWordOutcome] = kOutcomeBroken;
  }
}

/* Sets the outcome of a request that was not sent: `otherwise`, if the runner could still take it. */
void Process::FailToSend(int32_t otherwise) {
  if (channel.broken() != nullptr) return Fail(Wait::kBroken);
  bool gone = channel.state() > RunnerState::kStopped || !channel.IsAlive();
  owner_->control[kWordOutcome] = gone ? kOutcomeGone : otherwise;
}

bool Process::AwaitAnswer(const Pieces &bytes, Message *answer) {
  Release();
  Request request = RequestOf(bytes);
  Deadline deadline(Timeout());
  uint64_t number = channel.Send(request, deadline);
  if (number == 0) {
    FailToSend(channel.torn() ? kOutcomeTorn : kOutcomeFull);
    return false;
  }
  slab_ = owner_->FreeSlab(&slab_room_); /* done while the runner works */
  uint64_t place = bytes.total() > channel.longest_request() ? kNowhere : channel.last_place();
  Wait wait = channel.Await(number, deadline, answer);
  if (wait != Wait::kDone) {
    Fail(wait);
    if (wait == Wait::kTimeout) Leave({number, request.operation, owner_->control[kWordSlot], place});
    return false;
  }
  /* The runner answers in order, so by now it has answered all earlier requests. */
  if (answer->record.operation == request.operation && channel.kept() == pending_.size()) return true;
  channel.Done();
  channel.Break("it sent an answer out of order");
  Fail(Wait::kBroken);
  return false;
}

/* Stops to wait for a request. Withdraws it if it has not begun; otherwise its answer comes with a wake-up. */
void Process::Leave(const Pending &request) {
  size_t earlier = pending_.size();
  Expect();
  pending_.push_back(request);
  UpdateReference();
  if (request.place == kNowhere) return;
  bool unbegun = channel.Withdraw(request.place) && earlier > channel.kept();
  if (unbegun) owner_->control[kWordOutcome] = kOutcomeUnbegun;
}

void Process::Do(const Pieces &bytes) {
  int32_t *control = owner_->control;
  Message answer;
  if (!AwaitAnswer(bytes, &answer)) return;
  const Record &record = answer.record;
  control[kWordOutcome] = record.status;
  control[kWordLength] = static_cast<int32_t>(record.size);
  control[kWordDetail] = static_cast<int32_t>(record.detail);
  control[kWordInstance] = static_cast<int32_t>(record.instance);
  control[kWordMethod] = record.method;
  bool fits = record.operation != kBatch && record.size <= kProcessScratch;
  control[kWordHeld] = !fits;
  control[kWordPlace] = -1;
  if (!fits) {
    message_ = answer;
    held_ = Held::kAnswer;
    return;
  }
  uint8_t *target = owner_->scratch;
  if (slab_ != nullptr && record.size <= slab_room_) {
    target = slab_;
    control[kWordPlace] = control[kWordFree];
  }
  if (record.size != 0) memcpy(target, answer.bytes, record.size);
  channel.Done();
}

void Process::DoInto(const Pieces &bytes, uint8_t *output, size_t size) {
  int32_t *control = owner_->control;
  Message answer;
  if (!AwaitAnswer(bytes, &answer)) return;
  const Record &record = answer.record;
  uint8_t *target = record.status == 0 ? output : owner_->scratch;
  size_t room = record.status == 0 ? size : kProcessScratch;
  uint64_t length = record.size < room ? record.size : room;
  control[kWordOutcome] = record.status;
  control[kWordLength] = static_cast<int32_t>(length);
  control[kWordDetail] = static_cast<int32_t>(record.detail);
  control[kWordHeld] = 0;
  control[kWordPlace] = -1;
  if (length != 0) memcpy(target, answer.bytes, length);
  bool exact = record.status != 0 || record.size == size;
  channel.Done();
  if (exact) return;
  channel.Break("it answered with a record of a different size than requested");
  Fail(Wait::kBroken);
}

void Process::Send(const Pieces &bytes) {
  int32_t *control = owner_->control;
  Release();
  Request request = RequestOf(bytes);
  /* A large request is only sent to a runner that waits for one: its copy is the only one at a time. */
  bool large = bytes.total() > channel.longest_request();
  if (channel.has_rest() || (large && !pending_.empty())) {
    control[kWordOutcome] = kOutcomeFull;
    return;
  }
  Expect();
  pending_.push_back({0, request.operation, control[kWordSlot], kNowhere});
  bool exhausted;
  uint64_t number = channel.Post(request, &exhausted);
  if (number == 0) {
    pending_.pop_back();
    return FailToSend(exhausted ? static_cast<int32_t>(kExhausted) : kOutcomeFull);
  }
  pending_.back().number = number;
  if (!large) pending_.back().place = channel.last_place();
  UpdateReference();
  control[kWordOutcome] = 0;
}

bool Process::Withdraw(size_t index, int32_t slot) {
  if (index >= pending_.size() || pending_[index].slot != slot || pending_[index].place == kNowhere)
    return false;
  return channel.Withdraw(pending_[index].place) && index > channel.kept();
}

void Process::ExpectReady(int32_t slot) {
  pending_.push_back({0, kReady, slot, kNowhere});
  UpdateReference();
  Expect();
  if (!channel.ArmEvents()) Poke();
}

void Process::Take(uint8_t *target, size_t size, bool is_new) {
  const uint8_t *data = batch_data_ != nullptr ? batch_data_ : message_.bytes;
  uint64_t copied = std::min<uint64_t>(held_size(), size);
  if (held_ != Held::kNothing && copied != 0) {
    if (is_new && copied >= kWarmSmallest) TouchPages(target, copied);
    memcpy(target, data, copied);
  }
  Release();
}

void Process::TakeBatch(int32_t *offsets, int32_t *statuses, uint32_t count) {
  int32_t *control = owner_->control;
  BatchAnswer batch;
  if (held_ != Held::kAnswer || !ChannelHost::TakeBatch(message_, count, offsets, statuses, &batch)) {
    Release();
    channel.Break("it answered a batch with an inconsistent result");
    return Fail(Wait::kBroken);
  }
  batch_data_ = batch.data;
  batch_left_ = batch.size;
  control[kWordOutcome] = 0;
  control[kWordLength] = static_cast<int32_t>(batch.size);
  control[kWordProcessed] = static_cast<int32_t>(batch.processed);
}

void Process::Release() {
  if (held_ == Held::kAnswer) channel.Done();
  if (held_ == Held::kEvent) channel.EventDone();
  held_ = Held::kNothing;
  batch_data_ = nullptr;
}

}  // namespace tenon
