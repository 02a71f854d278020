#include "thread/exports.h"

#include <string>

#include "thread/calls.h"
#include "thread/table.h"

namespace tenon {
namespace {

ThreadTable *TableOf(const Napi::CallbackInfo &info) {
  return static_cast<ThreadTable *>(info.Data());
}

template <typename Function>
Function FunctionAt(const Napi::Value &address) {
  bool lossless;
  return reinterpret_cast<Function>(
      static_cast<uintptr_t>(address.As<Napi::BigInt>().Uint64Value(&lossless)));
}

/* open(settle): returns [control, results]. Called once per environment, after the addon's own `open`. */
Napi::Value Open(const Napi::CallbackInfo &info) {
  napi_value result = TableOf(info)->Open(info.Env(), info[0]);
  if (result != nullptr) return Napi::Value(info.Env(), result);
  Napi::Error::New(info.Env(), "Cannot start the tenon addon: Node-API refused its memory or callbacks")
      .ThrowAsJavaScriptException();
  return info.Env().Undefined();
}

/* create(new, drop, something, get_extension, token, messages, bytes, config, origin, settings): writes the
 * outcome and the target to control. */
void Create(const Napi::CallbackInfo &info) {
  PluginFunctions plugin = {FunctionAt<NewFunction>(info[0]), FunctionAt<DropFunction>(info[1]),
                            FunctionAt<tenon_method>(info[2]), FunctionAt<ExtensionFunction>(info[3])};
  double token = info[4].As<Napi::Number>().DoubleValue();
  QueueLimits limits = {info[5].As<Napi::Number>().Uint32Value(),
                        static_cast<size_t>(info[6].As<Napi::Number>().Int64Value()),
                        KeepString(info[8].As<Napi::String>().Utf8Value())};
  Napi::Uint8Array config = info[7].As<Napi::Uint8Array>();
  TableOf(info)->Create(plugin, token, limits, Bytes{config.Data(), config.ByteLength()},
                        info[9].As<Napi::Number>().Uint32Value());
}

/* bind(address): writes the index of the method to control. */
void Bind(const Napi::CallbackInfo &info) {
  TableOf(info)->Bind(FunctionAt<tenon_method>(info[0]));
}

/* extension(id): returns the result of the target's get_extension as a BigInt; get_extension may be called on
 * any thread. */
Napi::Value Extension(const Napi::CallbackInfo &info) {
  ExtensionFunction get_extension = TableOf(info)->Extension();
  std::string id = info[0].As<Napi::String>().Utf8Value();
  const void *found = get_extension == nullptr ? nullptr : get_extension(id.c_str());
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(found)));
}

/* cancel(): removes the call from the queue; the outcome is kClosed if it is not in the queue any more. */
void Cancel(const Napi::CallbackInfo &info) {
  TableOf(info)->Cancel();
}

/* check(): re-evaluates the timeout of the current job and writes to control whether the target is wedged. */
void Check(const Napi::CallbackInfo &info) {
  TableOf(info)->Check();
}

/* close(awaited): closes the target after the current call. */
void Close(const Napi::CallbackInfo &info) {
  TableOf(info)->Close(info[0].As<Napi::Boolean>().Value());
}

/* reference(on): sets whether the target keeps the event loop alive for its events. */
void Reference(const Napi::CallbackInfo &info) {
  TableOf(info)->SetReferenced(info[0].As<Napi::Boolean>().Value());
}

/* shutdown(): closes all instances at the end of the process, which does not end the environment. */
void Shutdown(const Napi::CallbackInfo &info) {
  TableOf(info)->Shutdown();
}

/* skip(): frees the next result without copying it. */
void Skip(const Napi::CallbackInfo &info) {
  TableOf(info)->Taken();
}

void Hot(Napi::Object exports, const char *name, napi_callback callback, ThreadTable *table) {
  Napi::Env env = exports.Env();
  napi_value function = nullptr;
  napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, table, &function);
  NAPI_THROW_IF_FAILED_VOID(env, status);
  exports[name] = Napi::Value(env, function);
}

template <typename Callback>
void Export(Napi::Object exports, const char *name, Callback callback, ThreadTable *table) {
  exports[name] = Napi::Function::New(exports.Env(), callback, name, table);
}

}  // namespace

Napi::Object MakeThreadExports(Napi::Env env, Environment *environment) {
  ThreadTable *table = new ThreadTable(environment);
  env.AddCleanupHook([table] { delete table; });
  Napi::Object exports = Napi::Object::New(env);
  Export(exports, "open", Open, table);
  Export(exports, "create", Create, table);
  Export(exports, "bind", Bind, table);
  Export(exports, "extension", Extension, table);
  Export(exports, "cancel", Cancel, table);
  Export(exports, "check", Check, table);
  Export(exports, "close", Close, table);
  Export(exports, "reference", Reference, table);
  Export(exports, "shutdown", Shutdown, table);
  Export(exports, "skip", Skip, table);
  Hot(exports, "call", ThreadCall, table);
  Hot(exports, "callSync", ThreadCallSync, table);
  Hot(exports, "callMany", ThreadCallMany, table);
  Hot(exports, "callManySync", ThreadCallManySync, table);
  Hot(exports, "record", ThreadRecord, table);
  Hot(exports, "completions", ThreadCompletions, table);
  Hot(exports, "take", ThreadTake, table);
  Hot(exports, "takeBatch", ThreadTakeBatch, table);
  return exports;
}

}  // namespace tenon
