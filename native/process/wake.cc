/* The events of one runner on the event loop: answers, events and the end of the process. */
#include <string.h>

#include <algorithm>

#include "process/processes.h"

namespace tenon {
namespace {

/* The longest time for which one runner delays the event loop, in nanoseconds. */
constexpr uint64_t kTurn = 10000000;

class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { open_ = napi_open_handle_scope(env, &scope_) == napi_ok; }
  ~HandleScope() {
    if (open_) napi_close_handle_scope(env_, scope_);
  }
  bool open() const { return open_; }

 private:
  napi_env env_;
  napi_handle_scope scope_;
  bool open_;
};

}  // namespace

void Process::OnNews(uv_any_handle *handle, int, int) {
  static_cast<Process *>(uv_handle_get_data(handle))->HandleNews();
}

void Process::HandleNews() {
  channel.Disarm();
  expecting_ = false;
  uint64_t end = Now() + kTurn;
  if (finishing_) return HandleRest(end);
  for (;;) {
    bool sent = channel.SendRest(end);
    Collect(end);
    bool ending = channel.broken() != nullptr || channel.state() > RunnerState::kStopped;
    Report(ending ? kEnding : kRunning);
    if (closed_) return; /* not freed yet: libuv's last callback comes later */
    if (ending || (Arm() && (sent || !channel.SendRest(0)))) return;
    if (Now() >= end) return Poke();
  }
}

/* Delivers the messages that the runner wrote before its end, then the end. */
void Process::OnEnd(uv_any_handle *handle, int, int) {
  Process *self = static_cast<Process *>(uv_handle_get_data(handle));
  self->end_ = nullptr;
  uv_close(handle, OnClosed);
  self->Finish();
}

void Process::Finish() {
  paused_ = false;
  if (finishing_) return;
  finishing_ = true;
  /* A process that the runner started may share the memory and write to it without end. */
  last_room_ = channel.room_for_messages();
  UpdateReference();
  HandleRest(Now() + kTurn);
}

/* Delivers messages of a runner that has ended. Other code may have learned of the end first, so this can begin
 * before the event loop calls back. */
void Process::HandleRest(uint64_t end) {
  while (!closed_) {
    Collect(end);
    bool any = owner_->control[kWordCount] > 0 || channel.has_answers();
    bool more = any && channel.broken() == nullptr && last_room_ > 0;
    Report(more ? kRunning : kEnded);
    if (!more) {
      finishing_ = false;
      if (!closed_) UpdateReference();
      return;
    }
    if (Now() >= end) return Poke();
  }
}

void Process::Report(ProcessEnd end) {
  HandleScope scope(owner_->env());
  if (!scope.open()) return;
  owner_->control[kWordEnded] = end;
  owner_->control[kWordCapturedOutput] = !channel.captured_output().empty();
  owner_->Wake(index_, serial_);
  if (!closed_) Release(); /* held if JavaScript had no memory for it */
}

/* Copies available answers and events to the entries, as many as fit. */
void Process::Collect(uint64_t end) {
  owner_->control[kWordCount] = 0;
  scratch_used_ = 0;
  Release();
  while (held_ == Held::kNothing && owner_->control[kWordCount] < kEntryCount && CollectAnswer(end)) continue;
  while (!paused_ && held_ == Held::kNothing && owner_->control[kWordCount] < kEntryCount && CollectEvent())
    continue;
  UpdateReference();
}

bool Process::CollectAnswer(uint64_t end) {
  Message answer;
  if (!channel.Next(&answer, end)) return false;
  const Record &record = answer.record;
  bool fits = !pending_.empty() && pending_.front().number == record.number;
  if (fits && pending_.front().operation == kReady) {
    fits = record.operation == kReady || record.operation == kRefused;
  } else if (fits) {
    fits = record.operation == pending_.front().operation;
  }
  if (!fits) {
    channel.Done();
    channel.Break("it sent an answer that was not requested");
    return false;
  }
  int32_t slot = pending_.front().slot;
  pending_.pop_front();
  Enter(answer, slot, Held::kAnswer);
  return true;
}

bool Process::CollectEvent() {
  Message event;
  if (!channel.NextEvent(&event)) return false;
  if (event.record.operation != kEvent && event.record.operation != kLog) {
    channel.Break("it sent a message other than an event in the ring of events");
    return false;
  }
  Enter(event, 0, Held::kEvent);
  return true;
}

void Process::Enter(const Message &message, int32_t slot, Held kind) {
  int32_t *entry = owner_->control + kWordEntries + owner_->control[kWordCount]++ * kEntrySize;
  const Record &record = message.record;
  uint64_t size = record.size;
  if (finishing_) last_room_ -= std::min(last_room_, size + sizeof(Slot));
  bool fits = record.operation != kBatch && size <= kProcessScratch - scratch_used_;
  entry[kEntryOperation] = static_cast<int32_t>(record.operation);
  entry[kEntrySlot] = slot;
  entry[kEntryInstance] = static_cast<int32_t>(record.instance);
  entry[kEntryMethod] = record.method;
  entry[kEntryStatus] = record.status;
  entry[kEntryDetail] = static_cast<int32_t>(record.detail);
  entry[kEntryLength] = static_cast<int32_t>(size);
  entry[kEntryHeld] = !fits;
  message_ = message;
  held_ = kind;
  if (!fits) return;
  if (size != 0) memcpy(owner_->scratch + scratch_used_, message.bytes, size);
  scratch_used_ += size;
  Release();
}

/* Arms the channel. Returns true if the next message will ring. */
bool Process::Arm() {
  bool quiet = pending_.empty() ? channel.kept() == 0 : channel.ArmAnswers();
  expecting_ = quiet && !pending_.empty();
  return (paused_ || channel.ArmEvents()) && quiet;
}

/* Requests a wake-up for the next answer, once for all requests in flight. */
void Process::Expect() {
  if (expecting_) return;
  expecting_ = true;
  if (!channel.ArmAnswers()) Poke();
}

}  // namespace tenon
