#include "thread/calls.h"

#include "node/input.h"
#include "thread/table.h"

namespace tenon {
namespace {

template <size_t Count>
ThreadTable *Arguments(napi_env env, napi_callback_info info, napi_value (&arguments)[Count]) {
  size_t count = Count;
  void *table;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &table) != napi_ok) return nullptr;
  return static_cast<ThreadTable *>(table);
}

bool IsUsable(ThreadTable *self, int32_t problem) {
  if (problem != 0) self->control[kOutcome] = problem;
  return problem == 0;
}

bool ReadInput(ThreadTable *self, napi_env env, napi_value input, Bytes *bytes) {
  return IsUsable(self, InputBytes(env, input, self->control[kChecked] != 0, bytes));
}

/* Reads the arguments of callMany. Returns 0, or the Outcome for the caller. */
int32_t ReadBatch(napi_env env, const napi_value *arguments, PackedBatch *batch) {
  size_t offsets;
  Bytes data;
  int32_t problem = InputBytes(env, arguments[1], true, &data);
  if (problem != 0) return problem;
  batch->data = data.data;
  batch->offsets = Integers(env, arguments[0], &offsets);
  if (batch->offsets == nullptr || offsets == 0) return kBadBatch;
  batch->count = offsets - 1;
  return AreOffsets(batch->offsets, offsets, data.length) ? 0 : kBadBatch;
}

/* Creates a job for the batch. Returns NULL and sets the outcome if it cannot. */
Job *BatchJob(ThreadTable *self, napi_env env, const napi_value *arguments) {
  PackedBatch batch;
  if (!IsUsable(self, ReadBatch(env, arguments, &batch))) return nullptr;
  tenon_method method = self->Method();
  if (method == nullptr) return nullptr;
  Job *job = self->jobs.MakeMany(batch);
  if (job == nullptr) {
    self->control[kOutcome] = kExhausted;
    return nullptr;
  }
  job->method = method;
  return job;
}

/* Writes the outcome of a call that JavaScript waited for to the control array. */
void Report(ThreadTable *self, Job *job) {
  self->control[kOutcome] = job->outcome;
  self->control[kDetail] = job->detail;
  self->control[kLength] = static_cast<int32_t>(job->length);
  self->control[kProcessed] = static_cast<int32_t>(job->processed);
  self->Rewind();
  self->control[kGrown] = self->Show(job);
}

}  // namespace

napi_value ThreadCall(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ThreadTable *self = Arguments(env, info, arguments);
  Bytes bytes;
  if (self == nullptr || !ReadInput(self, env, arguments[0], &bytes)) return nullptr;
  tenon_method method = self->Method();
  if (method == nullptr) return nullptr;
  Job *job = self->jobs.MakeCall(bytes.data, bytes.length, false);
  if (job != nullptr) job->method = method;
  self->Submit(job);
  return nullptr;
}

napi_value ThreadCallSync(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ThreadTable *self = Arguments(env, info, arguments);
  Bytes bytes;
  if (self == nullptr || !ReadInput(self, env, arguments[0], &bytes)) return nullptr;
  tenon_method method = self->Method();
  if (method == nullptr) return nullptr;
  /* Without a timeout this thread blocks until the call is done, so the input cannot change before that. */
  Job *job = self->jobs.MakeCall(bytes.data, bytes.length, self->control[kThreadTimeout] == 0);
  if (job != nullptr) job->method = method;
  job = self->SubmitAndWait(job);
  if (job != nullptr) Report(self, job);
  return nullptr;
}

napi_value ThreadCallMany(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ThreadTable *self = Arguments(env, info, arguments);
  Job *job = self == nullptr ? nullptr : BatchJob(self, env, arguments);
  if (job != nullptr) self->Submit(job);
  return nullptr;
}

napi_value ThreadCallManySync(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ThreadTable *self = Arguments(env, info, arguments);
  Job *job = self == nullptr ? nullptr : BatchJob(self, env, arguments);
  if (job != nullptr) job = self->SubmitAndWait(job);
  if (job != nullptr) Report(self, job);
  return nullptr;
}

napi_value ThreadRecord(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ThreadTable *self = Arguments(env, info, arguments);
  Bytes input, output;
  if (self == nullptr || !IsUsable(self, InputBytes(env, arguments[0], true, &input)) ||
      !IsUsable(self, InputBytes(env, arguments[1], true, &output))) {
    return nullptr;
  }
  tenon_method method = self->Method();
  if (method == nullptr) return nullptr;
  Job *job = self->jobs.MakeRecord(input.data, input.length, output.length);
  if (job != nullptr) job->method = method;
  job = self->SubmitAndWait(job);
  if (job == nullptr) return nullptr;
  if (job->outcome != TENON_OK) {
    Report(self, job);
    return nullptr;
  }
  if (job->length != 0) memcpy(const_cast<uint8_t *>(output.data), job->output, job->length);
  self->control[kOutcome] = TENON_OK;
  self->jobs.Free(job);
  return nullptr;
}

napi_value ThreadCompletions(napi_env env, napi_callback_info info) {
  void *table;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &table) != napi_ok) return nullptr;
  static_cast<ThreadTable *>(table)->Collect();
  return nullptr;
}

napi_value ThreadTake(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  ThreadTable *self = Arguments(env, info, arguments);
  Bytes target;
  if (self == nullptr || self->taking() == nullptr || InputBytes(env, arguments[0], true, &target) != 0) {
    return nullptr;
  }
  const Job *job = self->taking();
  size_t length = job->length < target.length ? job->length : target.length;
  if (length != 0) memcpy(const_cast<uint8_t *>(target.data), job->output, length);
  self->Taken();
  return nullptr;
}

napi_value ThreadTakeBatch(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  ThreadTable *self = Arguments(env, info, arguments);
  if (self == nullptr || self->taking() == nullptr) return nullptr;
  const PackedBatch &batch = self->taking()->batch;
  size_t offsets, statuses;
  int32_t *to_offsets = Integers(env, arguments[0], &offsets);
  int32_t *to_statuses = Integers(env, arguments[1], &statuses);
  if (to_offsets == nullptr || offsets != batch.count + 1 || statuses != batch.count) return nullptr;
  memcpy(to_offsets, batch.result_offsets, offsets * sizeof(int32_t));
  if (statuses != 0) memcpy(to_statuses, batch.statuses, statuses * sizeof(int32_t));
  return nullptr;
}

}  // namespace tenon
