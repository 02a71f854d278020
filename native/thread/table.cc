#include "thread/table.h"

#include "node/mailbox.h"
#include "node/pinned.h"

namespace tenon {
namespace {

/* The time that the end of an environment waits for instances to drop, in nanoseconds. */
constexpr uint64_t kGrace = 250 * 1000000;

constexpr uint64_t kMillisecond = 1000000;

uint64_t Nanoseconds(int32_t milliseconds) {
  return milliseconds <= 0 ? kNever : static_cast<uint64_t>(milliseconds) * kMillisecond;
}

}  // namespace

napi_value ThreadTable::Open(napi_env env, napi_value settle) {
  napi_value result, name, buffers[2];
  void *memory[2];
  if (!MakePinned(env, kThreadControlSize * sizeof(int32_t), &memory[0], &buffers[0]) ||
      !MakePinned(env, kResultsSize, &memory[1], &buffers[1]) ||
      napi_create_array_with_length(env, 2, &result) != napi_ok ||
      napi_set_element(env, result, 0, buffers[0]) != napi_ok ||
      napi_set_element(env, result, 1, buffers[1]) != napi_ok ||
      napi_create_reference(env, settle, 1, &settle_) != napi_ok ||
      napi_create_string_utf8(env, "tenon", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnWake,
                                      &wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, wake_) != napi_ok ||
      (loop_ = LoopWait::Make(env, BeforeSleep, this)) == nullptr ||
      /* Hooks run in reverse order: this one runs before those of the wake-up, the loop and the
       * environment. */
      napi_add_env_cleanup_hook(env, OnTeardown, this) != napi_ok) {
    return nullptr;
  }
  env_ = env;
  control = static_cast<int32_t *>(memory[0]);
  results_ = static_cast<uint8_t *>(memory[1]);
  completions_ = std::make_shared<Completions>();
  completions_->Open(
      [](void *wake) {
        napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(wake), nullptr,
                                      napi_tsfn_nonblocking);
      },
      wake_);
  return result;
}

/* Closes everything at the end of the environment. No JavaScript runs from here on. Threads that do not end
 * no longer share anything with the environment. */
void ThreadTable::OnTeardown(void *data) {
  ThreadTable *self = static_cast<ThreadTable *>(data);
  self->Shutdown();
  self->loop_->Stop();
  self->completions_->Close();
  while (Job *job = self->ready_.Take()) FreeJob(job);
  while (Job *job = self->kept_.Take()) FreeJob(job);
  for (size_t i = 0; i < self->slots_.size(); i++) {
    if (self->slots_[i].thread != nullptr) self->EndSlot(static_cast<int32_t>(i));
  }
  napi_release_threadsafe_function(self->wake_, napi_tsfn_abort);
}

void ThreadTable::Shutdown() {
  if (shut_down_) return;
  shut_down_ = true;
  for (Slot &slot : slots_) {
    int32_t target = static_cast<int32_t>(&slot - slots_.data());
    if (slot.thread != nullptr) slot.thread->Close(-1, target, kNever, false);
  }
  uint64_t end = Now() + kGrace;
  for (Slot &slot : slots_) {
    if (slot.thread != nullptr) slot.thread->AwaitEnd(end);
  }
}

void ThreadTable::OnWake(napi_env env, napi_value, void *context, void *) {
  ThreadTable *self = static_cast<ThreadTable *>(context);
  napi_value settle, receiver;
  /* Without an environment, the wake-up comes from its teardown. An exception that `settle` throws becomes an
   * uncaught one of the program. */
  if (env == nullptr || napi_get_reference_value(env, self->settle_, &settle) != napi_ok ||
      napi_get_undefined(env, &receiver) != napi_ok) {
    return;
  }
  napi_call_function(env, receiver, settle, 0, nullptr, nullptr);
}

void ThreadTable::BeginDrop(void *mailbox) {
  RefuseEvents(static_cast<Mailbox *>(mailbox));
}

ThreadTable::Slot *ThreadTable::Target() {
  size_t index = static_cast<uint32_t>(control[kTarget]);
  if (index < slots_.size() && slots_[index].thread != nullptr &&
      slots_[index].generation == control[kGeneration]) {
    return &slots_[index];
  }
  control[kOutcome] = kClosed;
  return nullptr;
}

ThreadTable::Slot *ThreadTable::FreeSlot() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<int32_t>(slots_.size()));
    slots_.push_back(Slot());
  }
  control[kTarget] = free_slots_.back();
  Slot *slot = &slots_[static_cast<size_t>(free_slots_.back())];
  control[kGeneration] = slot->generation;
  return slot;
}

void ThreadTable::EndSlot(int32_t target) {
  Slot &slot = slots_[static_cast<size_t>(target)];
  slot.thread->Detach();
  environment_->delivery.EndClose(slot.mailbox);
  if (slot.referenced) environment_->CountReference(false);
  slot.referenced = false;
  slot.thread = nullptr;
  slot.mailbox = nullptr;
  slot.methods.clear();
  if (slot.generation == INT32_MAX) return; /* an entry whose generations are used up is not reused */
  slot.generation++;
  free_slots_.push_back(target);
}

void ThreadTable::Create(const PluginFunctions &plugin, double token, const QueueLimits &limits,
                         const Bytes &config, uint32_t settings) {
  Slot *slot = FreeSlot();
  control[kOutcome] = kExhausted;
  Job *job = jobs.MakeCall(config.data, config.length, false);
  if (job == nullptr) return;
  job->kind = JobKind::kNew;
  job->processed = settings;
  Mailbox *mailbox = environment_->delivery.Open(token, limits);
  if (mailbox != nullptr) {
    ThreadHost host = {mailbox->host, BeginDrop, mailbox};
    slot->thread = PluginThread::Start(plugin, host, completions_);
    if (slot->thread == nullptr) environment_->delivery.EndClose(mailbox);
  }
  if (slot->thread == nullptr) return jobs.Free(job);
  free_slots_.pop_back();
  slot->plugin = plugin;
  slot->mailbox = mailbox;
  slot->methods.assign(1, plugin.something);
  control[kThreadLimit] = 1;
  Submit(job);
}

void ThreadTable::Bind(tenon_method method) {
  Slot *slot = Target();
  if (slot == nullptr) return;
  size_t place = 0;
  while (place < slot->methods.size() && slot->methods[place] != method) place++;
  if (place == slot->methods.size()) slot->methods.push_back(method);
  control[kThreadMethod] = static_cast<int32_t>(place);
  control[kOutcome] = TENON_OK;
}

tenon_method ThreadTable::Method() {
  Slot *slot = Target();
  size_t index = static_cast<uint32_t>(control[kThreadMethod]);
  if (slot != nullptr && index < slot->methods.size()) return slot->methods[index];
  control[kOutcome] = kClosed;
  return nullptr;
}

ExtensionFunction ThreadTable::Extension() {
  Slot *slot = Target();
  return slot == nullptr ? nullptr : slot->plugin.get_extension;
}

void ThreadTable::Submit(Job *job) {
  Slot *slot = Target();
  if (job == nullptr) control[kOutcome] = kExhausted;
  if (slot == nullptr || job == nullptr) {
    if (job != nullptr) jobs.Free(job);
    return;
  }
  job->id = control[kThreadCall];
  job->target = control[kTarget];
  job->timeout = Nanoseconds(control[kThreadTimeout]);
  job->is_awaited = true;
  control[kOutcome] = slot->thread->Submit(job, static_cast<uint32_t>(control[kThreadLimit]));
  if (control[kOutcome] != TENON_OK) return jobs.Free(job);
  Awaited();
}

Job *ThreadTable::SubmitAndWait(Job *job) {
  Slot *slot = Target();
  if (job == nullptr) control[kOutcome] = kExhausted;
  if (slot == nullptr || job == nullptr) {
    if (job != nullptr) jobs.Free(job);
    return nullptr;
  }
  job->target = control[kTarget];
  job->timeout = Nanoseconds(control[kThreadTimeout]);
  std::shared_ptr<PluginThread> thread = slot->thread;
  int32_t outcome = thread->SubmitAndWait(job, static_cast<uint32_t>(control[kThreadLimit]), job->timeout);
  if (outcome == TENON_OK) return job;
  control[kOutcome] = outcome;
  if (outcome != kTimedOut && outcome != kNotBegun) jobs.Free(job);
  return nullptr;
}

void ThreadTable::Cancel() {
  Slot *slot = Target();
  if (slot == nullptr) return;
  bool was_awaited;
  bool removed = slot->thread->Cancel(control[kThreadCall], &was_awaited);
  if (was_awaited) NoLongerAwaited();
  control[kOutcome] = removed ? static_cast<int32_t>(TENON_OK) : kClosed;
}

void ThreadTable::Check() {
  control[kThreadRunning] = -1;
  control[kThreadRemaining] = -1;
  Slot *slot = Target();
  if (slot == nullptr) return;
  uint64_t remaining;
  bool wedged = slot->thread->CheckTimeout(&remaining);
  control[kOutcome] = wedged ? kWedged : static_cast<int32_t>(TENON_OK);
  control[kThreadRunning] = slot->thread->running();
  if (remaining != kNever) control[kThreadRemaining] = static_cast<int32_t>(remaining / kMillisecond) + 1;
}

void ThreadTable::Close(bool is_awaited) {
  Slot *slot = Target();
  if (slot == nullptr) return;
  bool wedged = slot->thread->wedged();
  control[kOutcome] = wedged ? kWedged : static_cast<int32_t>(TENON_OK);
  if (wedged) RefuseEvents(slot->mailbox);
  slot->thread->Close(control[kThreadCall], control[kTarget], Nanoseconds(control[kThreadTimeout]),
                      is_awaited && !wedged);
  if (is_awaited && !wedged) Awaited();
}

void ThreadTable::SetReferenced(bool referenced) {
  Slot *slot = Target();
  if (slot == nullptr || slot->referenced == referenced) return;
  slot->referenced = referenced;
  environment_->CountReference(referenced);
}

}  // namespace tenon
