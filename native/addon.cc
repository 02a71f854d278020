/* The exports of the addon. Cold code uses node-addon-api; the calls use plain Node-API, see node/calls.h.
 * The types are in src/addon/addon.ts. */
#include <napi.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <mutex>

#include "node/alarm.h"
#include "node/calls.h"
#include "node/environment.h"
#include "node/file_lock.h"
#include "node/file_uses.h"
#include "process/exports.h"
#include "thread/exports.h"

namespace tenon {
namespace {

/* Keeps the addon loaded for the life of the process. Node.js unloads an addon when the last worker that
 * loaded it ends, but threads of plugins may still run host functions of the addon then. */
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

/* open(dispatch, defer): returns [control, scratch]. Called once per environment. */
Napi::Value Open(const Napi::CallbackInfo &info) {
  napi_value result = EnvironmentOf(info)->Open(info[0], info[1]);
  if (result != nullptr) return Napi::Value(info.Env(), result);
  Napi::Error::New(info.Env(), "Cannot start the tenon addon: Node-API refused its memory or callbacks")
      .ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

/* create(new, drop, something, get_extension, token, messages, bytes, config, origin): writes the outcome and the
 * binding to control. */
void Create(const Napi::CallbackInfo &info) {
  PluginFunctions plugin = {
      FunctionAt<NewFunction>(AddressOf(info[0])),
      FunctionAt<DropFunction>(AddressOf(info[1])),
      FunctionAt<tenon_method>(AddressOf(info[2])),
      FunctionAt<ExtensionFunction>(AddressOf(info[3])),
  };
  double token = info[4].As<Napi::Number>().DoubleValue();
  QueueLimits limits = {info[5].As<Napi::Number>().Uint32Value(),
                        static_cast<size_t>(info[6].As<Napi::Number>().Int64Value()),
                        KeepString(info[8].As<Napi::String>().Utf8Value())};
  Napi::Uint8Array config = info[7].As<Napi::Uint8Array>();
  const uint8_t empty = 0;
  const uint8_t *bytes = config.ByteLength() == 0 ? &empty : config.Data();
  EnvironmentOf(info)->Create(plugin, token, limits, bytes, config.ByteLength());
}

/* bind(address): binds the method at `address` for the target instance and writes the binding to control. */
void Bind(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->Bind(instance, FunctionAt<tenon_method>(AddressOf(info[0])), nullptr);
}

/* record(address, inputSize, outputSize): as bind, with pinned memory; returns [input, output]. `output` is
 * longer than `outputSize` by the canary. */
Napi::Value Record(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance == nullptr) return info.Env().Undefined();
  size_t input_size = info[1].As<Napi::Number>().Uint32Value();
  size_t output_size = info[2].As<Napi::Number>().Uint32Value();
  /* Sizes are rounded up to whole words, so that JavaScript can create a view of any type over the whole
   * buffer. */
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

/* extension(id): returns the result of the target's get_extension as a BigInt. */
Napi::Value Extension(const Napi::CallbackInfo &info) {
  Instance *instance = EnvironmentOf(info)->TargetInstance();
  if (instance == nullptr) return info.Env().Undefined();
  const void *found = nullptr;
  std::string id = info[0].As<Napi::String>().Utf8Value();
  if (instance->plugin.get_extension != nullptr) found = instance->plugin.get_extension(id.c_str());
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(found)));
}

/* close(): closes the target instance. */
void Close(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->Close(instance);
}

/* reference(on): sets whether the target keeps the event loop alive. */
void Reference(const Napi::CallbackInfo &info) {
  Environment *self = EnvironmentOf(info);
  Instance *instance = self->TargetInstance();
  if (instance != nullptr) self->SetReferenced(instance, info[0].As<Napi::Boolean>().Value());
}

/* drain(): continues the delivery after defer(). */
void Drain(const Napi::CallbackInfo &info) {
  EnvironmentOf(info)->delivery.Drain();
}

/* flush(): dispatches the log entries of instances that are closed or whose creation failed. */
void Flush(const Napi::CallbackInfo &info) {
  EnvironmentOf(info)->delivery.FlushOrphans();
}

/* lock(descriptor, exclusive): returns the result of LockFile. */
Napi::Value Lock(const Napi::CallbackInfo &info) {
  int descriptor = info[0].As<Napi::Number>().Int32Value();
  return Napi::Number::New(info.Env(), LockFile(descriptor, info[1].As<Napi::Boolean>().Value()));
}

/* changeFileUses(path, by): returns the result of ChangeFileUses. */
Napi::Value ChangeUses(const Napi::CallbackInfo &info) {
  const int64_t by = info[1].As<Napi::Number>().Int64Value();
  const int64_t now = ChangeFileUses(info[0].As<Napi::String>().Utf8Value(), by);
  return Napi::Number::New(info.Env(), static_cast<double>(now));
}

/* alarm(callback): returns a function that sets the alarm of a callback in microseconds, or undefined if this system
 * has none. */
Napi::Value MakeAlarm(const Napi::CallbackInfo &info) {
  Alarm *alarm = Alarm::Make(info.Env(), info[0]);
  if (alarm == nullptr) return info.Env().Undefined();
  const auto set = [alarm](const Napi::CallbackInfo &call) {
    double microseconds = call[0].As<Napi::Number>().DoubleValue();
    alarm->Set(microseconds > 0 ? static_cast<uint64_t>(microseconds * 1000) : 0);
  };
  return Napi::Function::New(info.Env(), set, "setAlarm");
}

/* saveSettings(which): saves settings of the process before code of a plugin runs. */
void SaveSettings(const Napi::CallbackInfo &info) {
  std::unique_ptr<Environment::SavedSettings> &saved = EnvironmentOf(info)->saved_settings;
  saved.reset(); /* a thread must not wait for itself */
  saved.reset(new Environment::SavedSettings(info[0].As<Napi::Number>().Uint32Value()));
}

/* restoreSettings(): restores the saved settings. Returns [settings, signals] if some had changed. */
Napi::Value RestoreSettings(const Napi::CallbackInfo &info) {
  std::unique_ptr<Environment::SavedSettings> saved = std::move(EnvironmentOf(info)->saved_settings);
  SettingChanges changes = saved == nullptr ? SettingChanges{0, 0} : saved->settings.Restore();
  saved.reset();
  if (changes.settings == 0) return info.Env().Undefined();
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result[0u] = Napi::Number::New(info.Env(), changes.settings);
  result[1u] = Napi::Number::New(info.Env(), changes.signals);
  return result;
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
  Export(exports, "lock", Lock, environment);
  Export(exports, "changeFileUses", ChangeUses, environment);
  Export(exports, "alarm", MakeAlarm, environment);
  Export(exports, "saveSettings", SaveSettings, environment);
  Export(exports, "restoreSettings", RestoreSettings, environment);
  exports["call"] = Hot(env, "call", Call, environment);
  exports["callFrame"] = Hot(env, "callFrame", CallFrame, environment);
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
