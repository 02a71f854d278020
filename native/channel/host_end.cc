#include "channel/host_end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace tenon {
namespace {

/* The longest time for which an external kill of the runner can go unnoticed, in nanoseconds. A crash rings
 * and needs no polling. */
constexpr uint64_t kSlice = 2000000;
/* The longest sleep while the runner prints a lot, in nanoseconds: it waits for this end to read its
 * output. */
constexpr uint64_t kPrintingSlice = 100000;

void CloseFile(int *file) {
  if (*file >= 0) close(*file);
  *file = -1;
}

/* Copies `size` bytes of the pieces, starting at the byte `from`. */
void CopyPieces(uint8_t *to, const Pieces &pieces, uint64_t from, uint64_t size) {
  for (int i = 0; i < 3 && size > 0; i++) {
    if (from >= pieces.size[i]) {
      from -= pieces.size[i];
      continue;
    }
    uint64_t part = std::min(size, pieces.size[i] - from);
    memcpy(to, pieces.data[i] + from, part); /* `part` is never 0 */
    to += part, size -= part, from = 0;
  }
}

}  // namespace

int ChannelHost::Create(const ChannelOptions &options) {
  options_ = options;
  const uint64_t sizes[kRingCount] = {options.request_bytes, options.response_bytes, options.event_bytes};
  int problem = memory_.Create(sizes, &shm_);
  if (problem != 0) return problem;
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int life[2];
  if (wake_ < 0 || pipe2(life, O_CLOEXEC) != 0) {
    problem = errno;
    Close();
    return problem;
  }
  life_child_ = life[0];
  life_ = life[1];
  requests_.Attach(memory_, kRequests);
  responses_.Attach(memory_, kResponses);
  events_.Attach(memory_, kEvents);
  awake_.SetTime(SpinTime(options.profile));
  return 0;
}

void ChannelHost::Started(pid_t pid) {
  pid_ = pid;
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  CloseFile(&shm_);
  CloseFile(&life_child_);
}

void ChannelHost::Close() {
  CloseFile(&shm_), CloseFile(&wake_), CloseFile(&life_), CloseFile(&life_child_), CloseFile(&pidfd_);
  captured_output_.Close();
  for (Kept &kept : kept_) free(kept.bytes);
  kept_.clear();
  free(parts_.bytes);
  free(shown_);
  parts_ = {};
  shown_ = nullptr;
  broken_ = "it is closed";
  memory_.Unmap();
}

const char *ChannelHost::broken() const {
  if (broken_ != nullptr) return broken_;
  if (requests_.broken() != nullptr) return requests_.broken();
  return responses_.broken() != nullptr ? responses_.broken() : events_.broken();
}

bool ChannelHost::IsAlive() {
  if (pid_ == 0) return true; /* not started yet */
  if (pidfd_ >= 0) {
    pollfd ended{pidfd_, POLLIN, 0};
    return poll(&ended, 1, 0) == 0;
  }
  /* Kernels before 5.3 have no pidfd. WNOWAIT checks without reaping the process: its parent does that. */
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool ChannelHost::IsGone() {
  return HasEnded() || !IsAlive();
}

/* Reads the runner's output, because a runner whose output no one reads stops. Returns the longest time to
 * sleep next. */
uint64_t ChannelHost::Listen() {
  if (!captured_output_.Listen()) return kSlice;
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) < 0) return kPrintingSlice; /* full: it has already rung */
  return kPrintingSlice;
}

/* Waits for room in the request ring. It takes answers out of the response ring meanwhile, because a runner
 * that cannot send its answers accepts no requests. */
bool ChannelHost::AwaitRoom(uint64_t size, Deadline *deadline) {
  uint64_t room, slice = kSlice;
  const auto ready = [&] {
    return requests_.Prepare(size, &room) != nullptr || requests_.broken() != nullptr || HasEnded();
  };
  while (requests_.Prepare(size, &room) == nullptr) {
    Message answer;
    while (responses_.HasNews() && Fetch(&answer)) {
      if (!Keep(answer)) return false;
    }
    if (broken() != nullptr || deadline->HasPassed() || IsGone()) return false;
    if (awake_.Wait(ready)) continue;
    Sleep(&requests_.words()->writer_sleeps, std::min(deadline->At(), Now() + slice), ready);
    slice = Listen();
  }
  return broken() == nullptr;
}

bool ChannelHost::SendRecord(Record record, const Pieces &pieces, uint64_t from, Deadline *deadline) {
  uint64_t room;
  uint8_t *to = requests_.Prepare(record.size, &room);
  if (to == nullptr) {
    if (!AwaitRoom(record.size, deadline)) return false;
    to = requests_.Prepare(record.size, &room);
    if (to == nullptr) return false;
  }
  CopyPieces(to, pieces, from, record.size);
  requests_.Commit(record);
  return true;
}

uint64_t ChannelHost::Send(const Request &request, uint64_t timeout, uint64_t parts_timeout) {
  Deadline deadline(timeout), parts(parts_timeout);
  if (broken() != nullptr) return 0;
  Record record = {};
  record.operation = request.operation;
  record.instance = request.instance;
  record.method = request.method;
  record.detail = request.detail;
  record.total = request.bytes.total();
  record.number = numbers_ + 1;
  uint64_t part = record.total <= requests_.limit() ? record.total : requests_.limit() / 4;
  for (uint64_t from = 0;; from += part) {
    uint64_t rest = record.total - from;
    record.size = std::min(rest, part);
    record.flags = rest > part ? kMore : 0;
    if (!SendRecord(record, request.bytes, from, from == 0 ? &deadline : &parts)) {
      if (from != 0 && broken_ == nullptr) Break("the runner did not read all parts of a request");
      return 0;
    }
    if (record.flags != 0) continue;
    awake_.Expect(record.total);
    return ++numbers_;
  }
}

/* Reads the next complete answer from the ring and joins the parts of a long one. */
bool ChannelHost::Fetch(Message *answer) {
  while (responses_.Peek(&answer->record, &answer->bytes)) {
    const Record &record = answer->record;
    if (record.total > options_.longest_answer) {
      Break("an answer is longer than the limit");
      return false;
    }
    if (parts_.bytes == nullptr && (record.flags & kMore) == 0) {
      if (record.size == record.total) return true;
      Break("an answer's size differs from the size in its header");
      return false;
    }
    if (!Join(record, answer->bytes)) return false;
    responses_.Release();
    if ((record.flags & kMore) != 0) continue;
    answer->record = parts_.record;
    answer->record.size = parts_size_;
    answer->bytes = shown_ = parts_.bytes;
    parts_ = {};
    return true;
  }
  return false;
}

/* Appends a part. Allocates as the bytes arrive, not as they are announced. */
bool ChannelHost::Join(const Record &record, const uint8_t *bytes) {
  bool first = parts_.bytes == nullptr;
  if (first) {
    parts_.record = record;
    parts_size_ = parts_room_ = 0;
  }
  uint64_t size = parts_size_ + record.size;
  bool last = (record.flags & kMore) == 0;
  if (record.number != parts_.record.number || record.total != parts_.record.total || size > record.total ||
      last != (size == record.total) || record.size == 0) {
    Break("the parts of an answer are inconsistent");
    return false;
  }
  if (first || size > parts_room_) {
    parts_room_ = std::min(record.total, std::max(size, 2 * parts_room_));
    uint8_t *larger = static_cast<uint8_t *>(realloc(parts_.bytes, parts_room_));
    if (larger == nullptr) {
      Break("the host ran out of memory for an answer");
      return false;
    }
    parts_.bytes = larger;
  }
  memcpy(parts_.bytes + parts_size_, bytes, record.size);
  parts_size_ = size;
  return true;
}

void ChannelHost::Done() {
  if (shown_ == nullptr) {
    responses_.Release();
  } else {
    free(shown_);
    shown_ = nullptr;
  }
}

/* Stores an answer that arrived while the caller waited for another one. */
bool ChannelHost::Keep(const Message &answer) {
  Kept kept = {answer.record, shown_};
  if (shown_ == nullptr) {
    kept.bytes = static_cast<uint8_t *>(malloc(answer.record.size + 1));
    if (kept.bytes == nullptr) {
      Break("the host ran out of memory for an answer");
      return false;
    }
    memcpy(kept.bytes, answer.bytes, answer.record.size);
    responses_.Release();
  }
  shown_ = nullptr;
  kept_.push_back(kept);
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

bool ChannelHost::Next(Message *answer) {
  if (!kept_.empty() && TakeKept(kNever, answer)) return true;
  return broken() == nullptr && Fetch(answer);
}

bool ChannelHost::NextEvent(Message *event) {
  if (!events_.Peek(&event->record, &event->bytes)) return false;
  if (event->record.size == event->record.total) return true;
  Break("an event's size differs from the size in its header");
  return false;
}

Wait ChannelHost::Await(uint64_t number, uint64_t timeout, Message *answer) {
  if (!kept_.empty() && TakeKept(number, answer)) return Wait::kDone;
  const auto ready = [&] { return responses_.HasNews() || HasEnded(); };
  Deadline deadline(timeout);
  uint64_t slice = kSlice;
  bool gone = false;
  for (;;) {
    while (broken() == nullptr && Fetch(answer)) {
      if (answer->record.number == number) return Wait::kDone;
      if (answer->record.number > numbers_) Break("an answer to a request that was never sent");
      if (broken() != nullptr || !Keep(*answer)) break;
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

bool ChannelHost::Arm() {
  bool answers = ArmAnswers(), events = ArmEvents();
  return answers && events;
}

bool ChannelHost::ArmAnswers() {
  std::atomic<uint32_t> &armed = responses_.words()->reader_armed;
  armed.store(1, std::memory_order_seq_cst);
  if (kept_.empty() && !responses_.HasNews()) return true;
  armed.store(0, std::memory_order_relaxed);
  return false;
}

bool ChannelHost::ArmEvents() {
  std::atomic<uint32_t> &armed = events_.words()->reader_armed;
  armed.store(1, std::memory_order_seq_cst);
  if (!events_.HasNews()) return true;
  armed.store(0, std::memory_order_relaxed);
  return false;
}

void ChannelHost::Disarm() {
  responses_.words()->reader_armed.store(0, std::memory_order_relaxed);
  events_.words()->reader_armed.store(0, std::memory_order_relaxed);
  uint64_t count;
  while (read(wake_, &count, sizeof(count)) < 0 && errno == EINTR) continue;
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
