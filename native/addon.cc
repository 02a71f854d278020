/* What the addon exports. Cold code in node-addon-api; the calls are plain Node-API, see calls.h.
 * src/addon/addon.ts has the types. */
#include <napi.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <mutex>

#include "node/calls.h"
#include "node/environment.h"
#include "process/exports.h"
#include "thread/exports.h"

namespace tenon {
namespace {

/* Node unloads an addon when the last worker that has loaded it ends. Plugin threads may still be in our
 * functions then. */
void StayLoaded() {
#if defined(_WIN32)
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&StayLoaded), &self);
#else
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&StayLoaded), &self) != 0 && self.dli_fname != nullptr) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
  }
#endif
}

Environment *EnvironmentOf(const Napi::CallbackInfo &info) {
  return static_cast<Environment *>(info.Data());
}

template <typename Function>
Function FunctionAt(uint64_t address) {
  return reinterpret_cast<Function>(static_cast<uintptr_t>(address));
}

uint64_t AddressOf(const Napi::Value &value) {
  bool lossless;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

/* open(dispatch, defer): [control, scratch]. Once per environment. */
Napi::Value Open(const Napi::CallbackInfo &info) {
  napi_value result = EnvironmentOf(info)->Open(info[0], info[1]);
  if (result == nullptr) Napi::Error::New(info.Env(), "tenon: cannot start").ThrowAsJavaScriptException();
  return result == nullptr ? info.Env().Undefined() : Napi::Value(info.Env(), result);
}

/* create(new, drop, something, get_extension, token, messages, bytes, config): outcome and binding in
 * control. */
void Create(const Napi::CallbackInfo &info) {
  PluginFunctions plugin = {
      FunctionAt<NewFunction>(AddressOf(info[0])),
      FunctionAt<DropFunction>(AddressOf(info[1])),
      FunctionAt<tenon_method>(AddressOf(info[2])),
      FunctionAt<ExtensionFunction>(AddressOf(info[3])),
  };
  double token = info[4].As<Napi::Number>().DoubleValue();
  QueueLimits limits = {info[5].As<Napi::Number>().Uint32Value(),
                        static_cast<size_t>(info[6].As<Napi::Number>().Int64Value())};
  Napi::Uint8Array config = info[7].As<Napi::Uint8Array>();
  const uint8_t empty = 0;
  const uint8_t *bytes = config.ByteLength() == 0 ? &empty : config.Data();
  EnvironmentOf(info)->Create(plugin, token, limits, bytes, config.ByteLength());
}

/* bind(address): a binding of the method at `address` for the target instance, in control. */
void Bind(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->Bind(instance, FunctionAt<tenon_method>(AddressOf(info[0])), nullptr);
}

/* record(address, inputSize, outputSize): the same with pinned memory, [input, output]. `output` is longer by
 * the canary. */
Napi::Value Record(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance == nullptr) return info.Env().Undefined();
  size_t input_size = info[1].As<Napi::Number>().Uint32Value();
  size_t output_size = info[2].As<Napi::Number>().Uint32Value();
  /* Whole words, so that JavaScript can lay a view of any type over all of it. */
  Napi::ArrayBuffer input = Napi::ArrayBuffer::New(info.Env(), (input_size + 7) / 8 * 8);
  Napi::ArrayBuffer output = Napi::ArrayBuffer::New(info.Env(), (output_size + kGuardSize + 7) / 8 * 8);
  if (info.Env().IsExceptionPending()) return info.Env().Undefined();
  RecordMemory *record = new RecordMemory();
  record->input = static_cast<uint8_t *>(input.Data());
  record->input_size = input_size;
  record->output = static_cast<uint8_t *>(output.Data());
  record->output_size = output_size;
  napi_create_reference(info.Env(), input, 1, &record->input_buffer);
  napi_create_reference(info.Env(), output, 1, &record->output_buffer);
  ArmCanary(record->output, output_size);
  self->Bind(instance, FunctionAt<tenon_method>(AddressOf(info[0])), record);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result[0u] = input;
  result[1u] = output;
  return result;
}

/* extension(id): what the target's get_extension returns, as a BigInt. */
Napi::Value Extension(const Napi::CallbackInfo &info) {
  Instance *instance = EnvironmentOf(info)->TargetInstance();
  if (instance == nullptr) return info.Env().Undefined();
  const void *found = nullptr;
  std::string id = info[0].As<Napi::String>().Utf8Value();
  if (instance->plugin.get_extension != nullptr) found = instance->plugin.get_extension(id.c_str());
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(found)));
}

/* close(): ends the target instance. */
void Close(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->Close(instance);
}

/* reference(on): whether the target keeps the event loop alive. */
void Reference(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->SetReferenced(instance, info[0].As<Napi::Boolean>().Value());
}

/* drain(): goes on with the delivery after defer(). */
void Drain(const Napi::CallbackInfo &info) {
  EnvironmentOf(info)->delivery.Drain();
}

/* flush(): dispatches the log entries of instances that are closed, or were never made. */
void Flush(const Napi::CallbackInfo &info) {
  EnvironmentOf(info)->delivery.FlushOrphans();
}

Napi::Value Hot(Napi::Env env, const char *name, napi_callback callback, Environment *environment) {
  napi_value function = nullptr;
  napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, environment, &function);
  NAPI_THROW_IF_FAILED(env, status, Napi::Value());
  return Napi::Value(env, function);
}

template <typename Callback>
void Export(Napi::Object exports, const char *name, Callback callback, Environment *environment) {
  exports[name] = Napi::Function::New(exports.Env(), callback, name, environment);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  static std::once_flag once;
  std::call_once(once, [] {
    StayLoaded();
    InstallHostFunctions();
  });
  Environment *environment = new Environment(env);
  env.SetInstanceData(environment);
  exports["abiVersion"] = Napi::String::New(env, TENON_ABI_VERSION);
  exports["scratchSize"] = Napi::Number::New(env, static_cast<double>(kScratchSize));
  Export(exports, "open", Open, environment);
  Export(exports, "create", Create, environment);
  Export(exports, "bind", Bind, environment);
  Export(exports, "record", Record, environment);
  Export(exports, "extension", Extension, environment);
  Export(exports, "close", Close, environment);
  Export(exports, "reference", Reference, environment);
  Export(exports, "drain", Drain, environment);
  Export(exports, "flush", Flush, environment);
  exports["call"] = Hot(env, "call", Call, environment);
  exports["callRecord"] = Hot(env, "callRecord", CallRecord, environment);
  exports["callMany"] = Hot(env, "callMany", CallMany, environment);
  exports["take"] = Hot(env, "take", Take, environment);
  exports["threads"] = MakeThreadExports(env, environment);
#if defined(__linux__)
  exports["processes"] = MakeProcessExports(env);
#endif
  return exports;
}

NODE_API_MODULE(tenon, Init)

}  // namespace
}  // namespace tenon
