#include "channel/pipe_end.h"

#include <string.h>

#include <new>

#include "plugin/output.h"
#include "channel/quiet_thread.h"

namespace tenon {
namespace {

constexpr int kAttempts = 100; /* attempts of a signal handler, one millisecond apart */
constexpr int kForEver = -1;
/* The longest piece between two rings of the bell, in bytes. The pipe must have room for it. */
constexpr uint64_t kPiece = 64 * 1024;

/* Moves a message to the end of a queue. Returns false if there is no memory. */
template <typename Message>
bool Append(std::deque<Message> *queue, Message *message) {
  try {
    queue->push_back(std::move(*message));
    return true;
  } catch (const std::bad_alloc &) {
    return false;
  }
}

}  // namespace

const char *PipeLink::Open(PipeFile in, PipeFile out, void (*gone)()) {
  if (in == kNoPipeFile || out == kNoPipeFile) return "the descriptors of the pipe are not open";
  in_ = in;
  out_ = out;
  gone_ = gone;
  is_socket_ = IsSocket(out);
  return nullptr;
}

bool PipeLink::Start() {
  return StartQuietThread(ReadAll, this) && StartQuietThread(WriteEvents, this);
}

/* ---- In ---- */

void *PipeLink::ReadAll(void *self) {
  PipeLink *link = static_cast<PipeLink *>(self);
  while (link->ReadOne()) continue;
  return nullptr;
}

/* Reads exactly `size` bytes. Does not return when the host is gone. */
bool PipeLink::Read(void *to, uint64_t size) {
  uint8_t *at = static_cast<uint8_t *>(to);
  while (size > 0) {
    uint64_t got = 0;
    PipeState state = ReadSome(in_, at, size, &got);
    if (state == PipeState::kCut) EndAtOnce(kExitCut);
    if (state == PipeState::kEnded) {
      gone_();
      return false;
    }
    at += got;
    size -= got;
  }
  return true;
}

bool PipeLink::Discard(uint64_t size) {
  uint8_t block[4096];
  while (size > 0) {
    uint64_t part = size < sizeof(block) ? size : sizeof(block);
    if (!Read(block, part)) return false;
    size -= part;
  }
  return true;
}

/* Reads one message. Returns false if the rest of the stream cannot be read. */
bool PipeLink::ReadOne() {
  Record record;
  if (!Read(&record, sizeof(record))) return false;
  if (record.flags != 0 || record.size != record.total || record.size > kLongestPiped) {
    Enqueue(record, OwnMemory(), true);
    return false;
  }
  if (record.operation == kTaken) {
    taken_.store(record.number, std::memory_order_release);
    return Discard(record.size);
  }
  if (record.operation == kListening) {
    Ring(kHostListens);
    return Discard(record.size);
  }
  if (record.operation == kWithdraw) {
    Withdraw(record.number);
    return Discard(record.size);
  }
  OwnMemory bytes;
  bool whole = bytes.Resize(record.size, 0) ? Read(bytes.data(), record.size) : Discard(record.size);
  if (whole) Enqueue(record, std::move(bytes), false);
  return whole;
}

void PipeLink::Withdraw(uint64_t number) {
  std::lock_guard<std::mutex> lock(in_mutex_);
  for (Message &message : requests_) {
    if (message.record.number == number) message.record.flags |= kWithdrawn;
  }
}

void PipeLink::Enqueue(const Record &record, OwnMemory bytes, bool broken) {
  Message message = {record, std::move(bytes)};
  std::lock_guard<std::mutex> lock(in_mutex_);
  broken_ = broken;
  /* Without memory for the queue the host waits, like the calls before this one. */
  while (!broken && !Append(&requests_, &message)) PauseShortly();
  arrived_.notify_one();
}

bool PipeLink::Await(Incoming *request) {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(in_mutex_);
      arrived_.wait(lock, [this] { return broken_ || !requests_.empty(); });
      if (requests_.empty()) return false;
      request->record = requests_.front().record;
      bytes_ = std::move(requests_.front().bytes);
      requests_.pop_front();
    }
    request->bytes = bytes_.data();
    request->place = 0;
    if (request->bytes != nullptr) return true;
    Record refusal = {};
    refusal.operation = request->record.operation;
    refusal.number = request->record.number;
    refusal.status = kExhausted;
    refusal.detail = kInRunner;
    Send(refusal, nullptr, 0);
  }
}

/* ---- Out ---- */

/* Called with the mutex held. A signal handler may have interrupted the current writer, so it gives up after
 * some attempts. */
bool PipeLink::TakeTurn(int attempts) {
  while (writing_.exchange(1, std::memory_order_acquire) != 0) {
    if (attempts != kForEver && attempts-- == 0) return false;
    PauseShortly();
  }
  return true;
}

/* When the host is gone, the reading thread notices, and ends the whole process group. */
void PipeLink::WriteBytes(const void *bytes, uint64_t size) {
  const uint8_t *at = static_cast<const uint8_t *>(bytes);
  while (size > 0) {
    uint64_t done = 0;
    PipeState state =
        WriteSome(out_, is_socket_, at, bell_ == kNoPipeFile ? size : std::min(size, kPiece), &done);
    if (state == PipeState::kCut) EndAtOnce(kExitCut);
    if (state == PipeState::kEnded) return;
    at += done;
    size -= done;
    Ring(kHasWritten);
  }
}

/* Notes that the host listens, or that there is something to read. Rings the bell if both are true.
 * Async-signal-safe. */
void PipeLink::Ring(uint32_t news) {
  if (bell_ == kNoPipeFile) return;
  if ((news_.fetch_or(news) | news) != (kHostListens | kHasWritten)) return;
  uint32_t both = kHostListens | kHasWritten;
  uint64_t done;
  if (news_.compare_exchange_strong(both, 0)) WriteSome(bell_, false, "!", 1, &done);
}

void PipeLink::WriteRecord(const Record &record, const void *bytes) {
  WriteBytes(&record, sizeof(record));
  WriteBytes(bytes, record.size);
}

void PipeLink::WriteWaiting() {
  for (;;) {
    Message message;
    {
      std::lock_guard<std::mutex> lock(events_mutex_);
      if (events_.empty()) return;
      message = std::move(events_.front());
      events_.pop_front();
    }
    WriteRecord(message.record, message.bytes.data());
  }
}

void PipeLink::Send(Record record, const uint8_t *bytes, uint64_t size) {
  record.size = record.total = size;
  record.flags = 0;
  std::lock_guard<std::mutex> lock(turn_);
  TakeTurn(kForEver);
  WriteWaiting();
  WriteRecord(record, bytes);
  EndTurn();
}

void *PipeLink::WriteEvents(void *self) {
  PipeLink *link = static_cast<PipeLink *>(self);
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(link->events_mutex_);
      link->emitted_.wait(lock, [link] { return !link->events_.empty(); });
    }
    std::lock_guard<std::mutex> lock(link->turn_);
    link->TakeTurn(kForEver);
    link->WriteWaiting();
    link->EndTurn();
  }
}

bool PipeLink::PutEvent(const Record &record, const void *bytes) {
  uint64_t space = kEventSpace + record.size;
  if (space > kMostEvents - (put_ - EventsTaken())) return false;
  Message message = {record, OwnMemory()};
  if (!message.bytes.Resize(record.size, 0)) return false;
  if (record.size != 0) memcpy(message.bytes.data(), bytes, record.size);
  std::lock_guard<std::mutex> lock(events_mutex_);
  if (!Append(&events_, &message)) return false;
  put_ += space;
  emitted_.notify_one();
  return true;
}

/* Sends the page in one write. Uses async-signal-safe functions only. */
void PipeLink::Show() {
  Record record = {};
  record.operation = kPageRecord;
  record.size = record.total = sizeof(page_);
  uint8_t message[sizeof(record) + sizeof(page_)];
  memcpy(message, &record, sizeof(record));
  memcpy(message + sizeof(record), static_cast<const void *>(&page_), sizeof(page_));
  if (!TakeTurn(kAttempts)) return;
  WriteBytes(message, sizeof(message));
  EndTurn();
}

}  // namespace tenon
