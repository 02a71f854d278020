/* The exports for the requests to runners. They are called for each request, so they use plain Node-API. */
#include <string.h>

#include <new>

#include "node/input.h"
#include "plugin/output.h"
#include "process/exports.h"
#include "process/processes.h"

namespace tenon {
namespace {

struct Arguments {
  Process *process;
  napi_value values[2];
};

bool Read(napi_env env, napi_callback_info info, Processes **self, Arguments *arguments) {
  size_t count = 2;
  void *data;
  if (napi_get_cb_info(env, info, &count, arguments->values, nullptr, &data) != napi_ok) return false;
  *self = static_cast<Processes *>(data);
  arguments->process = (*self)->Target();
  return arguments->process != nullptr;
}

/* Returns the elements of a value that JavaScript has checked to be a typed array. */
template <typename Element>
Element *Elements(napi_env env, napi_value value, size_t *length) {
  void *memory = nullptr;
  napi_typedarray_type type;
  *length = 0;
  napi_get_typedarray_info(env, value, &type, length, &memory, nullptr, nullptr);
  return static_cast<Element *>(memory);
}

Pieces BytesOf(napi_env env, napi_value value) {
  size_t length;
  Pieces pieces;
  pieces.data[0] = Elements<uint8_t>(env, value, &length);
  pieces.size[0] = length;
  return pieces;
}

/* request(bytes): sends a request and waits for the answer. */
napi_value DoRequest(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  Bytes bytes;
  int32_t problem = InputBytes(env, arguments.values[0], self->control[kWordChecked] != 0, &bytes);
  if (problem == 0 && bytes.length > arguments.process->longest_input) problem = kInspect;
  if (problem == 0) {
    Pieces pieces;
    pieces.data[0] = bytes.data;
    pieces.size[0] = bytes.length;
    arguments.process->Do(pieces);
  } else {
    self->control[kWordOutcome] = problem;
  }
  return nullptr;
}

/* send(bytes): sends a request whose answer comes with a wake-up. */
napi_value SendRequest(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (Read(env, info, &self, &arguments)) arguments.process->Send(BytesOf(env, arguments.values[0]));
  return nullptr;
}

/* requestInto(bytes, output): as request, with a result of exactly the size of `output`. */
napi_value DoInto(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  size_t size;
  uint8_t *output = Elements<uint8_t>(env, arguments.values[1], &size);
  arguments.process->DoInto(BytesOf(env, arguments.values[0]), output, size);
  return nullptr;
}

/* Packs offsets and data into one request. Returns false if the offsets are invalid. */
bool Pack(napi_env env, const napi_value *values, std::vector<uint8_t> *head, Pieces *pieces) {
  size_t length, size;
  const int32_t *offsets = Elements<int32_t>(env, values[0], &length);
  const uint8_t *data = Elements<uint8_t>(env, values[1], &size);
  if (length == 0) return false;
  size_t count = length - 1;
  BatchRequest start = {static_cast<uint32_t>(count), 0};
  head->assign(BatchRequestData(count), 0);
  memcpy(head->data(), &start, sizeof(start));
  memcpy(head->data() + sizeof(start), offsets, length * sizeof(int32_t));
  int32_t first = offsets[0], last = first;
  for (size_t i = 1; i < length; i++) {
    if (offsets[i] < last) return false;
    last = offsets[i];
  }
  if (first < 0 || static_cast<size_t>(last) > size) return false;
  pieces->data[0] = head->data();
  pieces->size[0] = head->size();
  pieces->data[1] = data + first;
  pieces->size[1] = static_cast<uint64_t>(last - first);
  return true;
}

template <void (Process::*Way)(const Pieces &)>
napi_value Batch(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  Pieces pieces;
  if (Pack(env, arguments.values, &self->batch_head(), &pieces)) {
    (arguments.process->*Way)(pieces);
  } else {
    self->control[kWordOutcome] = kBadBatch;
  }
  return nullptr;
}

/* take(target, isNew): copies the held answer. */
napi_value Take(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  size_t size;
  uint8_t *target = Elements<uint8_t>(env, arguments.values[0], &size);
  bool is_new = true;
  napi_get_value_bool(env, arguments.values[1], &is_new);
  arguments.process->Take(target, size, is_new);
  return nullptr;
}

/* takeWarm(): returns the held answer in a warm block; undefined if there is none for it, and the answer
 * stays held. */
napi_value TakeWarm(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments) || !arguments.process->holds()) return nullptr;
  size_t size = arguments.process->held_size();
  WarmBlocks::Block *block = self->blocks().Take(size);
  if (block == nullptr) return nullptr;
  uint8_t *memory = WarmBlocks::MemoryOf(block);
  napi_value result = self->blocks().Wrap(env, block, size);
  if (result != nullptr) arguments.process->Take(memory, size, false);
  return result;
}

/* takeBatch(offsets, statuses): copies the head of the held batch; take(target, isNew) then copies the data. */
napi_value TakeBatch(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  size_t length, count;
  int32_t *offsets = Elements<int32_t>(env, arguments.values[0], &length);
  int32_t *statuses = Elements<int32_t>(env, arguments.values[1], &count);
  if (length == count + 1) arguments.process->TakeBatch(offsets, statuses, static_cast<uint32_t>(count));
  return nullptr;
}

/* skip(): discards the held answer. */
napi_value Skip(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (Read(env, info, &self, &arguments)) arguments.process->Release();
  return nullptr;
}

/* Turns a lack of memory into an outcome. No exception may reach the runtime. */
template <napi_callback Body>
napi_value Guarded(napi_env env, napi_callback_info info) {
  try {
    return Body(env, info);
  } catch (const std::bad_alloc &) {
    void *self;
    size_t none = 0;
    if (napi_get_cb_info(env, info, &none, nullptr, nullptr, &self) == napi_ok)
      static_cast<Processes *>(self)->control[kWordOutcome] = kExhausted;
    return nullptr;
  }
}

template <napi_callback Body>
void Hot(Napi::Object exports, const char *name, Processes *self) {
  napi_value function = nullptr;
  napi_status status =
      napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, Guarded<Body>, self, &function);
  NAPI_THROW_IF_FAILED_VOID(exports.Env(), status);
  exports[name] = Napi::Value(exports.Env(), function);
}

}  // namespace

void AddRequestExports(Napi::Object exports, Processes *self) {
  Hot<DoRequest>(exports, "request", self);
  Hot<SendRequest>(exports, "send", self);
  Hot<DoInto>(exports, "requestInto", self);
  Hot<Batch<&Process::Do>>(exports, "batch", self);
  Hot<Batch<&Process::Send>>(exports, "sendBatch", self);
  Hot<Take>(exports, "take", self);
  Hot<TakeWarm>(exports, "takeWarm", self);
  Hot<TakeBatch>(exports, "takeBatch", self);
  Hot<Skip>(exports, "skip", self);
}

}  // namespace tenon
