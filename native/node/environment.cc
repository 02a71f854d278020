#include "node/environment.h"

#include <new>

#include "node/pinned.h"

namespace tenon {
TENON_THREAD_LOCAL Environment *Environment::current_ = nullptr;

Environment *Environment::Lookup(napi_env env) {
  void *data = nullptr;
  return napi_get_instance_data(env, &data) == napi_ok ? static_cast<Environment *>(data) : nullptr;
}

napi_value Environment::Open(napi_value dispatch, napi_value defer) {
  if (control != nullptr) {
    napi_throw_error(env_, nullptr, "another copy of tenon's JavaScript uses this addon in this thread");
    return nullptr;
  }
  napi_value result, buffers[2];
  void *memory[2];
  if (!MakePinned(env_, kControlSize * sizeof(int32_t), &memory[0], &buffers[0]) ||
      !MakePinned(env_, kScratchSize + kGuardSize, &memory[1], &buffers[1]) ||
      napi_create_array_with_length(env_, 2, &result) != napi_ok ||
      napi_set_element(env_, result, 0, buffers[0]) != napi_ok ||
      napi_set_element(env_, result, 1, buffers[1]) != napi_ok || !delivery.Start(env_, dispatch, defer) ||
      /* Hooks run in reverse order: this one runs before the hook of the wake-up, which was added earlier. */
      napi_add_env_cleanup_hook(env_, OnTeardown, this) != napi_ok) {
    return nullptr;
  }
  control = static_cast<int32_t *>(memory[0]);
  scratch = static_cast<uint8_t *>(memory[1]);
  ArmCanary(scratch, kScratchSize);
  current_ = this;
  return result;
}

Environment::~Environment() {
  if (!down_) OnTeardown(this);
  if (current_ == this) current_ = nullptr;
}

/* Closes all instances. The environment may end in the middle of its work: no JavaScript runs from here on,
 * but each plugin still gets its `drop`. */
void Environment::OnTeardown(void *data) {
  Environment *self = static_cast<Environment *>(data);
  self->down_ = true;
  while (self->instances_ != nullptr) self->Close(self->instances_);
  self->delivery.Stop();
}

Instance *Environment::TargetInstance() {
  if (Binding *binding = Target()) return binding->instance;
  if (control[kOutcome] == kClosed) return nullptr;
  return bindings_[static_cast<uint32_t>(control[kTarget])].instance;
}

void Environment::Trouble(Instance *instance, int32_t outcome, tenon_status status) {
  outcome = Judge(output, outcome, &instance->condition);
  control[kOutcome] = outcome;
  control[kLength] = outcome > TENON_OK ? static_cast<int32_t>(output.length()) : 0;
  control[kGrown] = output.grown();
  control[kDetail] = status;
}

void Environment::Create(const PluginFunctions &plugin, double token, const QueueLimits &limits,
                         const uint8_t *config, size_t length) {
  Instance *instance = new (std::nothrow) Instance();
  Mailbox *mailbox = instance == nullptr ? nullptr : delivery.Open(token, limits);
  if (mailbox == nullptr) {
    delete instance;
    control[kOutcome] = kExhausted;
    return;
  }
  instance->plugin = plugin;
  instance->mailbox = mailbox;
  instance->first_binding = kNoBinding;
  tenon_out *error = output.Begin(scratch, kScratchSize);
  tenon_status status = plugin.make(mailbox->host, config, length, &instance->state, error);
  Report(instance, status);
  Link(instance);
  if (control[kOutcome] == TENON_OK) {
    Bind(instance, plugin.something, nullptr);
    return;
  }
  /* If `new` succeeded but violated the contract, there is an instance to drop. */
  if (status != TENON_OK) instance->plugin.drop = nullptr;
  Close(instance);
}

void Environment::Bind(Instance *instance, tenon_method call, RecordMemory *record) {
  uint32_t index = AddBinding(instance, call, record);
  control[kOutcome] = TENON_OK;
  control[kTarget] = static_cast<int32_t>(index);
  control[kGeneration] = bindings_[index].generation;
}

void Environment::Close(Instance *instance) {
  /* The instance must be unreachable while `drop` runs. */
  Unlink(instance);
  FreeBindings(instance);
  SetReferenced(instance, false);
  delivery.BeginClose(instance->mailbox);
  if (instance->plugin.drop != nullptr) instance->plugin.drop(instance->state);
  delivery.EndClose(instance->mailbox);
  delete instance;
}

void Environment::SetReferenced(Instance *instance, bool referenced) {
  if (instance->referenced == referenced) return;
  instance->referenced = referenced;
  CountReference(referenced);
}

void Environment::CountReference(bool referenced) {
  referenced_ += referenced ? 1u : -1u;
  if (!down_ && referenced_ == (referenced ? 1u : 0u)) delivery.SetReferenced(referenced);
}

uint32_t Environment::AddBinding(Instance *instance, tenon_method call, RecordMemory *record) {
  uint32_t index = free_binding_;
  if (index == kNoBinding) {
    index = static_cast<uint32_t>(bindings_.size());
    bindings_.push_back(Binding());
  } else {
    free_binding_ = bindings_[index].next_of_instance;
  }
  Binding &binding = bindings_[index];
  binding.call = call;
  binding.instance = instance;
  binding.record = record;
  binding.next_of_instance = instance->first_binding;
  instance->first_binding = index;
  return index;
}

void Environment::FreeBindings(Instance *instance) {
  uint32_t index = instance->first_binding;
  instance->first_binding = kNoBinding;
  while (index != kNoBinding) {
    Binding &binding = bindings_[index];
    uint32_t next = binding.next_of_instance;
    if (binding.record != nullptr) FreeRecord(binding.record);
    binding.instance = nullptr;
    binding.record = nullptr;
    if (binding.generation < INT32_MAX) { /* an entry whose generations are used up is not reused */
      binding.generation++;
      binding.next_of_instance = free_binding_;
      free_binding_ = index;
    }
    index = next;
  }
}

void Environment::FreeRecord(RecordMemory *record) {
  if (!down_) {
    napi_delete_reference(env_, record->input_buffer);
    napi_delete_reference(env_, record->output_buffer);
  }
  delete record;
}

void Environment::Link(Instance *instance) {
  instance->next = instances_;
  if (instances_ != nullptr) instances_->previous = instance;
  instances_ = instance;
}

void Environment::Unlink(Instance *instance) {
  (instance->previous == nullptr ? instances_ : instance->previous->next) = instance->next;
  if (instance->next != nullptr) instance->next->previous = instance->previous;
}

}  // namespace tenon
