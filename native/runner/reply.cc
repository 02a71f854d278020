#include "runner/reply.h"

#include <string.h>

#include <algorithm>
#include <type_traits>

namespace tenon {
namespace {

/* The initial capacity of an output: the same as in the host's process. */
constexpr size_t kFirstCapacity = 16 * 1024;
constexpr size_t kSmallestGrowth = 64 * 1024;

}  // namespace

static_assert(std::is_standard_layout<Reply>::value, "Reserve gets the address of the first member");

bool Reply::Start(size_t prefix) {
  block_.Free();
  start_ = prefix;
  window_ = prefix + kFirstCapacity;
  uint64_t room = 0;
  memory_ = channel_->PrepareAnswer(window_ + kGuardSize, &room);
  room_ = memory_ == nullptr ? 0 : room - kGuardSize;
  /* The ring has no room yet, or the answer is too large for it: it is built elsewhere and sent later. */
  if (memory_ == nullptr && !MoveToBlock(0, window_)) {
    start_ = 0;
    return false;
  }
  ArmCanary(memory_, window_);
  return true;
}

void Reply::Put(size_t at, const void *bytes, size_t size) {
  if (size != 0) memcpy(memory_ + at, bytes, size);
}

/* Sets the memory that the plugin may write: everything after the kept bytes. */
void Reply::Offer() {
  out_.data = memory_ + start_;
  out_.capacity = window_ - start_;
}

tenon_out *Reply::Begin() {
  Offer();
  out_.len = 0;
  out_.reserve = Reserve;
  breach_ = 0;
  refused_ = false;
  open_ = true;
  return &out_;
}

int32_t Reply::Inspect() const {
  size_t capacity = window_ - start_;
  if (out_.data != memory_ + start_ || out_.capacity != capacity || out_.reserve != Reserve) return kTampered;
  if (out_.len > capacity) return kBadLength;
  return memcmp(memory_ + window_, kCanary, sizeof(kCanary)) == 0 ? 0 : kOverrun;
}

int32_t Reply::End(tenon_status status) {
  open_ = false;
  int32_t finding = breach_ != 0 ? breach_ : Inspect();
  if (finding == 0 && (status < TENON_OK || status > TENON_CLOSED)) finding = kBadStatus;
  bool too_long =
      start_ + out_.len > longest_ || (refused_ && status == TENON_NO_MEMORY && longest_ < kMaxOutput);
  if (finding == 0 && too_long) finding = kTooLong;
  if (finding == 0) return status;
  ArmCanary(memory_, window_);
  out_.len = 0;
  return finding;
}

tenon_status Reply::Reserve(tenon_out *out, size_t additional) {
  /* A copy of the struct, or the struct of a call that has ended, is not backed by the host. */
  Reply *reply = reinterpret_cast<Reply *>(out);
  if (reply == nullptr || reply->magic_ != kMagic || !reply->open_) return TENON_NO_MEMORY;
  int32_t finding = reply->Inspect();
  if (finding != 0) {
    if (reply->breach_ == 0) reply->breach_ = finding;
    return TENON_NO_MEMORY;
  }
  if (additional <= out->capacity - out->len) return TENON_OK;
  return reply->Grow(additional);
}

tenon_status Reply::Grow(size_t additional) {
  size_t used = start_ + out_.len;
  refused_ = used > longest_ || additional > longest_ - used;
  if (refused_) return TENON_NO_MEMORY;
  size_t needed = used + additional;
  size_t wanted = std::min(longest_, std::max({needed, 2 * window_, kSmallestGrowth}));
  wanted = std::max(wanted, needed);
  if (in_ring() && needed <= room_) {
    window_ = std::min(wanted, room_);
  } else if (!MoveToBlock(used, wanted)) {
    return TENON_NO_MEMORY;
  }
  ArmCanary(memory_, window_);
  Offer();
  return TENON_OK;
}

bool Reply::MoveToBlock(size_t used, size_t window) {
  bool was_in_ring = in_ring();
  if (!block_.Resize(window + kGuardSize, was_in_ring ? 0 : used)) return false;
  if (was_in_ring && used != 0) memcpy(block_.data(), memory_, used);
  memory_ = block_.data();
  window_ = room_ = window;
  return true;
}

void Reply::Send(const Record &record) {
  if (!in_ring() || memory_ == nullptr) {
    channel_->Send(record, block_.data(), start_);
    block_.Free();
    return;
  }
  Record whole = record;
  whole.flags = 0;
  whole.size = whole.total = start_;
  channel_->CommitAnswer(whole);
}

}  // namespace tenon
