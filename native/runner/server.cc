#include "runner/server.h"

#include <string.h>

#include <new>

#include "plugin/float_mode.h"
#include "runner/emitter.h"

namespace tenon {
namespace {

/* The memory that a plugin gets for an empty input. Unlike NULL, it may be read. */
const uint8_t kNothing[16] = {};

const uint8_t *InputOf(const Incoming &request) {
  return request.record.size == 0 ? kNothing : request.bytes;
}

}  // namespace

bool Server::Run() {
  Incoming request;
  while (channel_->Await(&request)) {
    Emitter::ReportDropped();
    answer_ = {};
    answer_.operation = request.record.operation;
    answer_.number = request.record.number;
    if (request.record.operation == kShutdown) {
      for (const auto &entry : instances_) DropInstance(entry.first, entry.second);
      instances_.clear();
      if (reply_.Start(0)) Answer(TENON_OK);
      return true;
    }
    if ((request.record.flags & kWithdrawn) != 0) {
      Skip(request);
    } else {
      Handle(request);
    }
  }
  return false;
}

void Server::Handle(const Incoming &request) {
  switch (request.record.operation) {
    case kNew:
      return New(request);
    case kCall:
      calls_++;
      return Call(request);
    case kBatch:
      calls_++;
      return Batch(request);
    case kDrop:
      return Drop(request);
    case kBind:
    case kMethodCount:
      return AnswerAboutKind(request);
    case kPing:
      if (!reply_.Start(request.record.size)) return Answer(kExhausted);
      reply_.Put(0, request.bytes, request.record.size);
      return Answer(TENON_OK);
    default:
      if (!reply_.Start(0)) return Answer(kExhausted);
      return Answer(kBadRequest);
  }
}

/* Answers a request that the host has withdrawn. It counts as if it had been made. */
void Server::Skip(const Incoming &request) {
  if (request.record.operation == kNew) numbers_++;
  if (request.record.operation == kCall || request.record.operation == kBatch) calls_++;
  if (!reply_.Start(0)) return Answer(kExhausted);
  Answer(kNotBegun);
}

void Server::Mark(Stage stage, const Incoming &request) {
  Breadcrumb &crumb = channel_->breadcrumb();
  crumb.operation = request.record.operation;
  crumb.number = request.record.number;
  crumb.instance = request.record.instance;
  crumb.method = request.record.method;
  crumb.message = 0;
  crumb.input_offset = request.place;
  crumb.input_size = request.record.size;
  crumb.calls = calls_;
  StoreWord(&crumb.stage, static_cast<uint32_t>(stage));
}

void Server::Unmark() {
  StoreWord(&channel_->breadcrumb().stage, static_cast<uint32_t>(Stage::kIdle));
}

/* Sends the answer. It releases the request first, so that a host that sends the next one at once finds the
 * ring empty. */
void Server::Answer(int32_t status) {
  answer_.status = status;
  if (status == kExhausted) answer_.detail = kInRunner;
  if (status == kTooLong) answer_.detail = static_cast<uint32_t>(reply_.longest());
  channel_->Release();
  reply_.Send(answer_);
}

Server::Instance *Server::FindInstance(const Incoming &request) {
  uint32_t number = request.record.instance;
  if (last_ != nullptr && last_number_ == number) return last_;
  auto found = instances_.find(number);
  if (found == instances_.end()) return nullptr;
  last_ = &found->second;
  last_number_ = number;
  return last_;
}

tenon_method Server::FindMethod(int32_t method) const {
  if (method == kSomething) return gates_->vtable().something;
  size_t index = static_cast<size_t>(method) - 1;
  return method > 0 && index < methods_.size() ? methods_[index] : nullptr;
}

/* Ends a call and returns its outcome: the status, or a finding that disables the instance. Keeps the
 * output. */
int32_t Server::Finish(Instance *instance, tenon_status status, uint64_t expected) {
  int32_t outcome = reply_.End(status);
  answer_.detail = static_cast<uint32_t>(status);
  if (outcome == TENON_OK && expected != 0 && reply_.length() != expected - 1) {
    answer_.detail = static_cast<uint32_t>(reply_.length());
    outcome = kBadRecord;
  }
  if (outcome > TENON_OK && !IsUtf8(reply_.data(), reply_.length())) outcome = kNotText;
  if (outcome == TENON_PANIC || outcome == TENON_POISONED) instance->condition = kPoisoned;
  if (outcome <= kBadStatus) instance->condition = kDisabled;
  if (outcome < TENON_OK) reply_.Discard();
  reply_.Keep();
  return outcome;
}

/* Makes the place of an instance, before the plugin makes the instance. Returns NULL without memory. */
Server::Instance *Server::AddInstance(uint32_t number) {
  try {
    return &instances_.emplace(number, Instance{nullptr, 0}).first->second;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void Server::New(const Incoming &request) {
  if (!reply_.Start(0)) return Answer(kExhausted);
  uint32_t number = ++numbers_;
  const tenon_host *host = Emitter::Open(number);
  Instance *place = host == nullptr ? nullptr : AddInstance(number);
  if (place == nullptr) {
    if (host != nullptr) Emitter::EndClose(number);
    return Answer(kExhausted);
  }
  Instance instance = {nullptr, 0};
  Mark(Stage::kInNew, request);
  channel_->breadcrumb().instance = number;
  FloatMode mode;
  tenon_status status =
      gates_->vtable().new_(host, InputOf(request), request.record.size, &instance.state, reply_.Begin());
  mode.Restore();
  Unmark();
  int32_t outcome = Finish(&instance, status, 0);
  if (outcome == TENON_OK) {
    *place = instance;
    answer_.instance = number;
    return Answer(outcome);
  }
  instances_.erase(number);
  Emitter::BeginClose(number);
  /* If `new` succeeded but violated the contract, there is an instance to drop. */
  if (status == TENON_OK) gates_->vtable().drop(instance.state);
  Emitter::EndClose(number);
  Answer(outcome);
}

void Server::Call(const Incoming &request) {
  if (!reply_.Start(0)) return Answer(kExhausted);
  Instance *instance = FindInstance(request);
  tenon_method method = FindMethod(request.record.method);
  if (instance == nullptr) return Answer(kClosed);
  if (instance->condition != 0) return Answer(instance->condition);
  if (method == nullptr) return Answer(kBadRequest);
  Mark(Stage::kInCall, request);
  tenon_status status = method(instance->state, InputOf(request), request.record.size, reply_.Begin());
  Unmark();
  Answer(Finish(instance, status, request.record.detail));
}

void Server::Drop(const Incoming &request) {
  if (!reply_.Start(0)) return Answer(kExhausted);
  auto found = instances_.find(request.record.instance);
  if (found == instances_.end()) return Answer(kClosed);
  Instance instance = found->second;
  instances_.erase(found);
  last_ = nullptr;
  Mark(Stage::kInDrop, request);
  DropInstance(request.record.instance, instance);
  Unmark();
  Answer(TENON_OK);
}

void Server::DropInstance(uint32_t number, const Instance &instance) {
  Breadcrumb &crumb = channel_->breadcrumb();
  crumb.instance = number;
  StoreWord(&crumb.stage, static_cast<uint32_t>(Stage::kInDrop));
  Emitter::BeginClose(number);
  gates_->vtable().drop(instance.state);
  Emitter::EndClose(number);
}

}  // namespace tenon
