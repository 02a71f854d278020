#include "process/exports.h"

#include <string.h>
#include <time.h>

#include <string>

#include "node/input.h"
#include "plugin/output.h"
#include "process/processes.h"
#include "process/facts.h"

namespace tenon {
namespace {

Processes *Own(const Napi::CallbackInfo &info) {
  return static_cast<Processes *>(info.Data());
}

Napi::Error Problem(Napi::Env env, const char *what, int problem) {
  Napi::Error error = Napi::Error::New(env, std::string(what) + ": " + strerror(problem));
  error.Set("errno", Napi::Number::New(env, problem));
  return error;
}

/* open(wake): returns [control, scratch]. Called once per environment. */
Napi::Value Open(const Napi::CallbackInfo &info) {
  napi_value result = Own(info)->Open(info[0]);
  if (result != nullptr) return Napi::Value(info.Env(), result);
  Napi::Error::New(info.Env(),
                   "Cannot start the tenon addon: Node-API refused its memory or has no libuv event loop")
      .ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

/* create(profile): creates a channel, writes the runner to the control words, and returns [shm, wake, life],
 * the files for the runner. */
Napi::Value Create(const Napi::CallbackInfo &info) {
  ChannelOptions options;
  options.profile = static_cast<Profile>(info[0].As<Napi::Number>().Uint32Value());
  Process *process = nullptr;
  int problem = Own(info)->Create(options, &process);
  if (problem != 0) {
    Problem(info.Env(), "Cannot create the channel to a runner", problem).ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  Napi::Array files = Napi::Array::New(info.Env(), 3);
  files[0u] = Napi::Number::New(info.Env(), process->channel.shm_file());
  files[1u] = Napi::Number::New(info.Env(), process->channel.wake_file());
  files[2u] = Napi::Number::New(info.Env(), process->channel.life_file());
  return files;
}

/* started(pid, slot, stdout, stderr): records that the runner was started. Its first message will be the
 * answer for `slot`. */
void Started(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process == nullptr) return;
  const auto number = [&](size_t i) { return info[i].As<Napi::Number>().Int32Value(); };
  int problem = process->Started(Own(info)->loop(), number(0), number(2), number(3));
  process->ExpectReady(number(1));
  if (problem != 0) Problem(info.Env(), "Cannot watch the runner", problem).ThrowAsJavaScriptException();
}

void Reference(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr) process->SetReferenced(info[0].As<Napi::Boolean>().Value());
}

void Pause(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr) process->SetPaused(info[0].As<Napi::Boolean>().Value());
}

void Finish(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr) process->Finish();
}

void Close(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr) process->Close();
}

/* slab(buffer): sets the memory for small answers from now on. */
void Slab(const Napi::CallbackInfo &info) {
  Own(info)->SetSlab(info[0]);
}

/* poke(): requests another wake-up. */
void Poke(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr) process->SelfWake();
}

/* break(): declares the channel broken, for violations that JavaScript finds. */
void Break(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process != nullptr && process->channel.broken() == nullptr)
    process->channel.Break("it sent values that the protocol does not define");
}

/* capturedOutput(stream): returns the output of the runner that was read while the host waited, and the
 * number of bytes lost. */
Napi::Value TakeCapturedOutput(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  if (process == nullptr) return info.Env().Null();
  uint64_t lost;
  std::string text = process->channel.captured_output().Take(info[0].As<Napi::Number>().Int32Value(), &lost);
  if (text.empty()) return info.Env().Null();
  Napi::Object result = Napi::Object::New(info.Env());
  result["bytes"] = Napi::Buffer<char>::Copy(info.Env(), text.data(), text.size());
  result["lost"] = Napi::Number::New(info.Env(), static_cast<double>(lost));
  return result;
}

/* trim(): releases memory; returns false if some must be released later. */
Napi::Value Trim(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  bool done = process == nullptr || process->channel.Trim();
  return Napi::Boolean::New(info.Env(), done);
}

/* cool(): frees memory of large results that was not used for a while; returns whether some is left. */
Napi::Value Cool(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), Own(info)->blocks().Cool());
}

/* facts(): returns the state of the runner; undefined if it is closed. */
Napi::Value Facts(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  return process == nullptr ? info.Env().Undefined() : Napi::Value(FactsOf(info.Env(), *process));
}

/* callInput(target): copies the input of the call in flight to `target`; returns its length, or -1. */
Napi::Value CallInput(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  Napi::Uint8Array target = info[0].As<Napi::Uint8Array>();
  int64_t size =
      process == nullptr ? -1 : CopyCallInput(process->channel, target.Data(), target.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(size));
}

/* awaitEnd(milliseconds): waits for the end of the process; returns whether it has ended. */
Napi::Value AwaitEnd(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  uint64_t end = Now() + static_cast<uint64_t>(info[0].As<Napi::Number>().Uint32Value()) * 1000000;
  bool alive = process != nullptr && process->channel.IsAlive();
  while (alive && Now() < end) {
    const timespec moment = {0, 100000};
    nanosleep(&moment, nullptr);
    alive = process->channel.IsAlive();
  }
  return Napi::Boolean::New(info.Env(), !alive);
}

/* ---- Hot ---- */

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

/* take(target): copies the held answer. */
napi_value Take(napi_env env, napi_callback_info info) {
  Processes *self;
  Arguments arguments;
  if (!Read(env, info, &self, &arguments)) return nullptr;
  size_t size;
  uint8_t *target = Elements<uint8_t>(env, arguments.values[0], &size);
  arguments.process->Take(target, size);
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

/* takeBatch(offsets, statuses): copies the head of the held batch; take(target) then copies the data. */
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

template <typename Callback>
void Export(Napi::Object exports, const char *name, Callback callback, Processes *self) {
  exports[name] = Napi::Function::New(exports.Env(), callback, name, self);
}

void Hot(Napi::Object exports, const char *name, napi_callback callback, Processes *self) {
  napi_value function = nullptr;
  napi_status status = napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, callback, self, &function);
  NAPI_THROW_IF_FAILED_VOID(exports.Env(), status);
  exports[name] = Napi::Value(exports.Env(), function);
}

}  // namespace

Napi::Object MakeProcessExports(Napi::Env env) {
  Processes *self = Processes::Make(env);
  Napi::Object exports = Napi::Object::New(env);
  exports["scratchSize"] = Napi::Number::New(env, static_cast<double>(kProcessScratch));
  Export(exports, "open", Open, self);
  Export(exports, "create", Create, self);
  Export(exports, "started", Started, self);
  Export(exports, "reference", Reference, self);
  Export(exports, "pause", Pause, self);
  Export(exports, "slab", Slab, self);
  Export(exports, "poke", Poke, self);
  Export(exports, "finish", Finish, self);
  Export(exports, "close", Close, self);
  Export(exports, "break", Break, self);
  Export(exports, "capturedOutput", TakeCapturedOutput, self);
  Export(exports, "trim", Trim, self);
  Export(exports, "cool", Cool, self);
  Export(exports, "facts", Facts, self);
  Export(exports, "callInput", CallInput, self);
  Export(exports, "awaitEnd", AwaitEnd, self);
  Hot(exports, "request", DoRequest, self);
  Hot(exports, "send", SendRequest, self);
  Hot(exports, "requestInto", DoInto, self);
  Hot(exports, "batch", Batch<&Process::Do>, self);
  Hot(exports, "sendBatch", Batch<&Process::Send>, self);
  Hot(exports, "take", Take, self);
  Hot(exports, "takeWarm", TakeWarm, self);
  Hot(exports, "takeBatch", TakeBatch, self);
  Hot(exports, "skip", Skip, self);
  return exports;
}

}  // namespace tenon
