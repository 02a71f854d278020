#include "channel/runner_end.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "plugin/output.h"

namespace tenon {
namespace {

/* The time without a request after which the memory of large messages is released, in nanoseconds. */
constexpr uint64_t kIdleTime = 100000000;
constexpr size_t kKeptParts = 256 * 1024;

}  // namespace

const char *ChannelRunner::Open(int shm, int wake, uint64_t spin) {
  const char *problem = memory_.Open(shm);
  if (problem != nullptr) return problem;
  close(shm);
  if (fcntl(wake, F_GETFL) < 0) return "the descriptor for wake-ups is not open";
  wake_ = wake;
  awake_.SetTime(spin);
  requests_.Attach(memory_, kRequests);
  answers_.Attach(memory_, kResponses);
  events_.Attach(memory_, kEvents);
  ChannelHeader *header = memory_.header();
  Place(&header->facts, &header->breadcrumb, &header->crash);
  return nullptr;
}

void ChannelRunner::AwaitNews() {
  const auto ready = [this] { return requests_.HasNews(); };
  if (awake_.Wait(ready)) return;
  /* A request whose parts have not all arrived is not idle: the host may be stopped at any time. */
  bool large = !joining_ && (answers_.wants_trim() || parts_.size() > kKeptParts);
  while (!ready()) {
    uint64_t deadline = large ? Now() + kIdleTime : kNever;
    Sleep(&requests_.words()->reader_sleeps, deadline, ready);
    if (!large || ready() || Now() < deadline) continue;
    parts_.Free();
    large = !answers_.Trim();
  }
}

bool ChannelRunner::Await(Incoming *request) {
  for (;;) {
    AwaitNews();
    if (!requests_.Peek(&request->record, &request->bytes)) {
      if (requests_.broken() != nullptr) return false;
      continue;
    }
    const Record &record = request->record;
    if (!joining_ && (record.flags & kMore) == 0) {
      request->place = memory_.OffsetOf(request->bytes);
      in_parts_ = false;
      return record.size == record.total;
    }
    if (!Join(record, request->bytes)) return false;
    requests_.Release();
    /* There is room for the next part. The host arms first and looks for room second, so at least one sees the
     * other. */
    std::atomic_thread_fence(std::memory_order_seq_cst);
    Notify(kResponses);
    if ((record.flags & kMore) != 0) continue;
    joining_ = false;
    if (dropping_) {
      Refuse(record);
      continue;
    }
    in_parts_ = true;
    request->bytes = parts_.data();
    request->record.size = parts_size_;
    request->place = 0;
    return true;
  }
}

bool ChannelRunner::Join(const Record &record, const uint8_t *bytes) {
  if (!joining_) {
    joining_ = true;
    number_ = record.number;
    parts_size_ = 0;
    dropping_ = parts_.size() < record.total && !parts_.Resize(record.total, 0);
    total_ = record.total;
  }
  bool last = (record.flags & kMore) == 0;
  uint64_t size = parts_size_ + record.size;
  if (record.number != number_ || record.total != total_ || size > total_ || last != (size == total_))
    return false;
  if (!dropping_) memcpy(parts_.data() + parts_size_, bytes, record.size);
  parts_size_ = size;
  return true;
}

/* Answers a request that there was no memory for. */
void ChannelRunner::Refuse(const Record &record) {
  Record refusal = {};
  refusal.operation = record.operation;
  refusal.number = record.number;
  refusal.status = kExhausted;
  refusal.detail = kInRunner;
  Send(refusal, nullptr, 0);
}

void ChannelRunner::Release() {
  if (!in_parts_) requests_.Release();
}

void ChannelRunner::Notify(RingName ring) {
  std::atomic<uint32_t> &armed = memory_.header()->rings[ring].reader_armed;
  if (armed.load(std::memory_order_seq_cst) == 0 || armed.exchange(0) == 0) return;
  const uint64_t one = 1;
  while (write(wake_, &one, sizeof(one)) < 0) {
    if (errno == EBADF) EndCutOff();
    if (errno != EINTR) return; /* full: the host is awake */
  }
}

/* Ends the process. The host would wait forever, because it sleeps until this end rings. It always notices
 * the end of a process. */
void ChannelRunner::EndCutOff() {
  SetState(RunnerState::kCut);
  _exit(kExitCut);
}

void ChannelRunner::Alarm() {
  FutexWake(&memory_.header()->rings[kResponses].reader_sleeps);
  FutexWake(&memory_.header()->rings[kRequests].writer_sleeps);
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) < 0) return; /* full: the host is awake */
}

void ChannelRunner::CommitAnswer(const Record &record) {
  /* The host copies the answer out and the next request in, which may be as long. */
  awake_.Expect(2 * record.total);
  answers_.Commit(record);
  Notify(kResponses);
}

bool ChannelRunner::PutEvent(const Record &record, const void *bytes) {
  uint64_t room;
  uint8_t *to = events_.Prepare(record.size, &room);
  if (to == nullptr) return false;
  if (record.size != 0) memcpy(to, bytes, record.size);
  events_.Commit(record);
  Notify(kEvents);
  return true;
}

void ChannelRunner::Send(Record record, const uint8_t *bytes, uint64_t size) {
  record.total = size;
  uint64_t part = size <= answers_.limit() ? size : answers_.limit() / 4;
  for (uint64_t from = 0;; from += part) {
    record.size = std::min(part, size - from);
    record.flags = size - from > part ? kMore : 0;
    uint64_t room;
    uint8_t *to = answers_.Prepare(record.size, &room);
    if (to == nullptr) {
      /* A host that waits for room in its own ring reads answers meanwhile. */
      if (!answers_.AwaitRoom(record.size)) return;
      to = answers_.Prepare(record.size, &room);
      if (to == nullptr) return;
    }
    if (record.size != 0) memcpy(to, bytes + from, record.size);
    answers_.Commit(record);
    Notify(kResponses);
    if (record.flags == 0) return;
  }
}

}  // namespace tenon
