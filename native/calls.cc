#include "calls.h"

#include "environment.h"

namespace tenon {
namespace {

/* What a plugin gets for an empty input: an address that may be read from, unlike NULL, by code that does not
 * check. */
const uint8_t kNothing[16] = {};

/* V8 gives a resizable ArrayBuffer whole pages, and malloc hardly ever does: what starts a page is looked at
 * again by JavaScript, which alone can tell. */
constexpr uintptr_t kPageMask = 4095;

struct Bytes {
  const uint8_t *data;
  size_t length;
};

/* The memory of a Uint8Array, or why it cannot be used. */
int32_t InputBytes(napi_env env, napi_value value, bool checked, Bytes *bytes) {
  napi_typedarray_type type;
  void *data;
  napi_value buffer;
  size_t offset;
  if (napi_get_typedarray_info(env, value, &type, &bytes->length, &data, &buffer, &offset) != napi_ok ||
      type != napi_uint8_array) {
    return kNotBytes;
  }
  bool is_array_buffer = false;
  if (napi_is_arraybuffer(env, buffer, &is_array_buffer) != napi_ok || !is_array_buffer) return kShared;
  bytes->data = static_cast<const uint8_t *>(data);
  uintptr_t start = reinterpret_cast<uintptr_t>(data) - offset;
  if (!checked && (bytes->length == 0 || (start & kPageMask) == 0)) return kInspect;
  if (bytes->length == 0) bytes->data = kNothing;
  return 0;
}

/* The elements of an Int32Array that JavaScript has checked. */
int32_t *Integers(napi_env env, napi_value value, size_t *length) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  return type == napi_int32_array ? static_cast<int32_t *>(data) : nullptr;
}

bool AreOffsets(const int32_t *offsets, size_t count, size_t end) {
  int32_t previous = offsets[0];
  if (previous < 0) return false;
  for (size_t i = 1; i < count; i++) {
    if (offsets[i] < previous) return false;
    previous = offsets[i];
  }
  return static_cast<size_t>(previous) <= end;
}

struct Packed {
  const int32_t *offsets;
  Bytes data;
  int32_t *result_offsets;
  int32_t *statuses;
  size_t count;
};

/* The arguments of callMany. 0, or the Outcome for the caller. */
int32_t ReadPacked(napi_env env, const napi_value *arguments, Packed *packed) {
  size_t offsets, results, statuses;
  int32_t problem = InputBytes(env, arguments[1], true, &packed->data);
  if (problem != 0) return problem;
  packed->offsets = Integers(env, arguments[0], &offsets);
  packed->result_offsets = Integers(env, arguments[2], &results);
  packed->statuses = Integers(env, arguments[3], &statuses);
  if (packed->offsets == nullptr || packed->result_offsets == nullptr) return kBadBatch;
  if (offsets == 0 || results != offsets || statuses != offsets - 1) return kBadBatch;
  packed->count = statuses;
  return AreOffsets(packed->offsets, offsets, packed->data.length) ? 0 : kBadBatch;
}

/* One message of a batch, its output behind the first `start` bytes of the block. The status for the message;
 * the output has its bytes, none after a breach of the contract. */
int32_t CallOne(Environment *self, tenon_method method, Instance *instance, const Bytes &input,
                size_t start) {
  tenon_out *out = self->output.BeginAppend(start);
  if (out == nullptr) return TENON_NO_MEMORY;
  tenon_status status = method(instance->state, input.data, input.length, out);
  int32_t outcome = self->output.End(status);
  if (outcome == TENON_OK) return TENON_OK;
  self->Trouble(instance, outcome, status);
  outcome = self->control[kOutcome];
  return outcome > TENON_OK ? outcome : static_cast<int32_t>(TENON_POISONED);
}

/* Calls `method` for each message, until one of them puts the instance out of use. The rest gets
 * TENON_POISONED. */
void Loop(Environment *self, tenon_method method, Instance *instance, const Packed &packed) {
  size_t start = 0, i = 0;
  packed.result_offsets[0] = 0;
  while (i < packed.count && instance->condition == Condition::kLive) {
    int32_t from = packed.offsets[i], to = packed.offsets[i + 1];
    Bytes input = {packed.data.data + from, static_cast<size_t>(to - from)};
    packed.statuses[i] = CallOne(self, method, instance, input, start);
    start += self->output.length();
    packed.result_offsets[++i] = static_cast<int32_t>(start);
  }
  if (instance->condition == Condition::kLive) self->control[kOutcome] = TENON_OK;
  self->control[kLength] = static_cast<int32_t>(start);
  self->control[kProcessed] = static_cast<int32_t>(i);
  while (i < packed.count) {
    packed.statuses[i] = TENON_POISONED;
    packed.result_offsets[++i] = static_cast<int32_t>(start);
  }
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
  /* Without napi_get_cb_info, which would take a quarter of the time of the call. */
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
    self->SetCondition(instance, Condition::kQuarantined);
  }
  return nullptr;
}

napi_value CallMany(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4];
  void *data;
  if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok) return nullptr;
  Environment *self = static_cast<Environment *>(data);
  Packed packed;
  int32_t problem = ReadPacked(env, arguments, &packed);
  if (problem != 0) {
    self->control[kOutcome] = problem;
    return nullptr;
  }
  Binding *binding = self->Target();
  if (binding == nullptr) return nullptr;
  Loop(self, binding->call, binding->instance, packed);
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
