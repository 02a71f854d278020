#include "node/calls.h"

#include "node/environment.h"
#include "node/input.h"

namespace tenon {
namespace {

/* Reads the arguments of callMany. Returns 0, or the Outcome for the caller. */
int32_t ReadPacked(napi_env env, const napi_value *arguments, PackedBatch *batch) {
  size_t offsets, results, statuses;
  Bytes data;
  int32_t problem = InputBytes(env, arguments[1], true, &data);
  if (problem != 0) return problem;
  batch->data = data.data;
  batch->offsets = Integers(env, arguments[0], &offsets);
  batch->result_offsets = Integers(env, arguments[2], &results);
  batch->statuses = Integers(env, arguments[3], &statuses);
  if (batch->offsets == nullptr || batch->result_offsets == nullptr) return kBadBatch;
  if (offsets == 0 || results != offsets || statuses != offsets - 1) return kBadBatch;
  batch->count = statuses;
  return AreOffsets(batch->offsets, offsets, data.length) ? 0 : kBadBatch;
}

}  // namespace

napi_value Call(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value input;
  void *data;
  if (napi_get_cb_info(env, info, &count, &input, nullptr, &data) != napi_ok) return nullptr;
  Environment *self = static_cast<Environment *>(data);
  Bytes bytes;
  int32_t problem = InputBytes(env, input, self->control[kChecked] != 0, &bytes);
  if (problem != 0) {
    self->control[kOutcome] = problem;
    return nullptr;
  }
  Binding *binding = self->Target();
  if (binding == nullptr) return nullptr;
  Instance *instance = binding->instance;
  tenon_out *out = self->output.Begin(self->scratch, kScratchSize);
  self->Report(instance, binding->call(instance->state, bytes.data, bytes.length, out));
  return nullptr;
}

napi_value CallRecord(napi_env env, napi_callback_info) {
  /* Does not call napi_get_cb_info, which would take a quarter of the call's time. */
  Environment *self = Environment::Of(env);
  if (self == nullptr) return nullptr;
  Binding *binding = self->Target();
  if (binding == nullptr) return nullptr;
  const RecordMemory *record = binding->record;
  if (record == nullptr) {
    self->control[kOutcome] = kClosed;
    return nullptr;
  }
  Instance *instance = binding->instance;
  size_t wanted = record->output_size;
  tenon_out *out = self->output.Begin(record->output, wanted);
  tenon_status status = binding->call(instance->state, record->input, record->input_size, out);
  self->Report(instance, status);
  if (self->control[kOutcome] == TENON_OK && (self->output.length() != wanted || self->output.grown())) {
    self->control[kDetail] = self->control[kLength];
    self->control[kOutcome] = kBadRecord;
    self->SetCondition(instance, Condition::kDisabled);
  }
  return nullptr;
}

napi_value CallFrame(napi_env env, napi_callback_info) {
  Environment *self = Environment::Of(env);
  if (self == nullptr) return nullptr;
  Binding *binding = self->Target();
  if (binding == nullptr) return nullptr;
  const RecordMemory *record = binding->record;
  size_t length = static_cast<uint32_t>(self->control[kLength]);
  if (record == nullptr || length > record->input_size) {
    self->control[kOutcome] = kNotBytes;
    return nullptr;
  }
  tenon_out *out = self->output.Begin(self->scratch, kScratchSize);
  self->Report(binding->instance, binding->call(binding->instance->state, record->input, length, out));
  return nullptr;
}

napi_value CallMany(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  void *data;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok) return nullptr;
  Environment *self = static_cast<Environment *>(data);
  PackedBatch batch;
  int32_t problem = ReadPacked(env, arguments, &batch);
  if (problem != 0) {
    self->control[kOutcome] = problem;
    return nullptr;
  }
  Binding *binding = self->Target();
  if (binding == nullptr) return nullptr;
  Instance *instance = binding->instance;
  BatchEnd end = CallEach(&self->output, &instance->condition, binding->call, instance->state, batch);
  self->control[kOutcome] = end.outcome;
  self->control[kDetail] = end.detail;
  self->control[kLength] = static_cast<int32_t>(end.length);
  self->control[kProcessed] = static_cast<int32_t>(end.processed);
  return nullptr;
}

napi_value Take(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value target;
  void *data;
  if (napi_get_cb_info(env, info, &count, &target, nullptr, &data) != napi_ok) return nullptr;
  Environment *self = static_cast<Environment *>(data);
  Bytes bytes;
  if (InputBytes(env, target, true, &bytes) != 0) return nullptr;
  size_t length = static_cast<size_t>(self->control[kLength]);
  if (bytes.length < length) length = bytes.length;
  if (length != 0) memcpy(const_cast<uint8_t *>(bytes.data), self->output.block(), length);
  self->output.Trim();
  return nullptr;
}

}  // namespace tenon
