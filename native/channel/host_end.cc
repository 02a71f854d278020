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
  /* The ends of a pipe are open files of their own. What the runner does with its end, or puts into it, makes
   * no read of this end block. */
  int wake[2], life[2];
  if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) == 0) {
    news_ = wake[0];
    wake_ = wake[1];
    poke_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }
  if (poke_ < 0 || pipe2(life, O_CLOEXEC) != 0) {
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
  for (int *file : {&news_, &poke_, &shm_, &wake_, &life_, &life_child_, &pidfd_}) CloseFile(file);
  captured_output_.Close();
  for (Kept &kept : kept_) free(kept.bytes);
  kept_.clear();
  free(rest_.bytes);
  free(parts_.bytes);
  free(shown_);
  rest_ = {};
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
    return poll(&ended, 1, 0) != 1; /* a signal can interrupt even this */
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
  Poke();
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
    Arrival arrival = Fetch(&answer);
    if (arrival == Arrival::kWhole && !Keep(answer)) return false;
    if (arrival != Arrival::kNothing) deadline->HasWorked();
    if (broken() != nullptr || deadline->HasPassed() || IsGone()) return false;
    if (arrival != Arrival::kNothing || awake_.Wait(ready)) continue;
    Sleep(&requests_.words()->writer_sleeps, std::min(deadline->At(), Now() + slice), ready);
    slice = Listen();
  }
  return broken() == nullptr;
}

bool ChannelHost::SendRecord(const Record &record, const Pieces &pieces, uint64_t from, Deadline *deadline) {
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

/* Sends the record that begins with the byte `from` of a request. */
bool ChannelHost::SendPart(Record record, const Pieces &pieces, uint64_t from, Deadline *deadline) {
  uint64_t rest = record.total - from, part = PartOf(record.total);
  record.size = std::min(rest, part);
  record.flags = rest > part ? kMore : 0;
  return SendRecord(record, pieces, from, deadline);
}

uint64_t ChannelHost::PartOf(uint64_t total) const {
  return total <= requests_.limit() ? total : requests_.limit() / 4;
}

namespace {

Record RecordOf(const Request &request, uint64_t number) {
  Record record = {};
  record.operation = request.operation;
  record.instance = request.instance;
  record.method = request.method;
  record.detail = request.detail;
  record.total = request.bytes.total();
  record.number = number;
  return record;
}

}  // namespace

uint64_t ChannelHost::Send(const Request &request, Deadline &deadline) {
  if (broken() != nullptr || torn_ || (has_rest() && !FinishRest(&deadline))) return 0;
  Record record = RecordOf(request, numbers_ + 1);
  uint64_t from = 0, part = PartOf(record.total);
  do {
    if (!SendPart(record, request.bytes, from, &deadline)) {
      torn_ = from != 0;
      return 0;
    }
    from += part;
  } while (from < record.total);
  awake_.Expect(record.total);
  return ++numbers_;
}

uint64_t ChannelHost::Post(const Request &request, bool *exhausted) {
  Deadline at_once(0);
  *exhausted = false;
  uint64_t total = request.bytes.total(), part = PartOf(total);
  if (total <= part) return has_rest() ? 0 : Send(request, at_once);
  if (broken() != nullptr || torn_ || has_rest()) return 0;
  Record record = RecordOf(request, numbers_ + 1);
  uint8_t *rest = static_cast<uint8_t *>(malloc(total - part));
  *exhausted = rest == nullptr;
  if (rest == nullptr || !SendPart(record, request.bytes, 0, &at_once)) {
    free(rest);
    return 0;
  }
  CopyPieces(rest, request.bytes, part, total - part);
  rest_ = {record, rest, part};
  return ++numbers_;
}

bool ChannelHost::SendRest(uint64_t until) {
  Deadline at_once(0);
  uint64_t total = rest_.record.total, first = PartOf(total);
  Pieces pieces;
  pieces.data[1] = rest_.bytes;
  pieces.size[0] = first; /* sent already */
  pieces.size[1] = total - first;
  while (has_rest()) {
    if (!SendPart(rest_.record, pieces, rest_.sent, &at_once)) return false;
    rest_.sent += first;
    if (rest_.sent >= total) {
      free(rest_.bytes);
      rest_ = {};
    } else if (Now() >= until) {
      return false;
    }
  }
  return true;
}

/* Waits until all parts of a posted request are sent. */
bool ChannelHost::FinishRest(Deadline *deadline) {
  while (!SendRest(0)) {
    deadline->HasWorked();
    if (!AwaitRoom(PartOf(rest_.record.total), deadline)) return false;
  }
  return true;
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
  char taken[4096];
  (void)!read(news_, taken, sizeof(taken)); /* what remains rings once more */
  if (!poked_) return;
  uint64_t pokes;
  (void)!read(poke_, &pokes, sizeof(pokes));
  poked_ = false;
}

void ChannelHost::Poke() {
  if (poked_) return;
  const uint64_t one = 1;
  poked_ = write(poke_, &one, sizeof(one)) == sizeof(one);
}

}  // namespace tenon
