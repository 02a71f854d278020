#include "process/exports.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <new>
#include <string>

#include "process/processes.h"
#include "process/facts.h"
#include "process/reaper.h"

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

/* problem(): tries everything that a channel needs. Returns 0, or the errno of the call that failed. A program
 * without libuv's event loop, which would watch the runner, counts as a system without the calls. */
Napi::Value FindProblem(const Napi::CallbackInfo &info) {
  if (!HasEventLoop()) return Napi::Number::New(info.Env(), ENOSYS);
  ChannelOptions options;
  options.request_bytes = options.response_bytes = options.event_bytes = 1;
  ChannelHost channel;
  return Napi::Number::New(info.Env(), channel.Create(options));
}

/* create(profile, answer, input): creates a channel whose answers and inputs have at most that many bytes, writes
 * the runner to the control words, and returns [shm, wake, life], the files for the runner. */
Napi::Value Create(const Napi::CallbackInfo &info) {
  ChannelOptions options;
  options.profile = static_cast<Profile>(info[0].As<Napi::Number>().Uint32Value());
  options.longest_answer = info[1].As<Napi::Number>().Uint32Value();
  Process *process = nullptr;
  int problem = ENOMEM;
  try {
    problem = Own(info)->Create(options, &process);
  } catch (const std::bad_alloc &) {
  }
  if (problem != 0) {
    Problem(info.Env(), "Cannot create the channel to a runner", problem).ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  process->longest_input = static_cast<uint64_t>(info[2].As<Napi::Number>().Int64Value());
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
  if (process != nullptr) process->Poke();
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
  Napi::Buffer<char> bytes = Napi::Buffer<char>::Copy(info.Env(), text.data(), text.size());
  if (info.Env().IsExceptionPending()) { /* JavaScript has no memory for it */
    info.Env().GetAndClearPendingException();
    lost += text.size();
    bytes = Napi::Buffer<char>::New(info.Env(), 0);
  }
  result["bytes"] = bytes;
  result["lost"] = Napi::Number::New(info.Env(), static_cast<double>(lost));
  return result;
}

/* trim(): releases memory; returns false if some must be released later. */
Napi::Value Trim(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  bool done = process == nullptr || process->channel.Trim();
  return Napi::Boolean::New(info.Env(), done);
}

/* withdraw(index, slot): withdraws a request; returns whether it certainly has not begun. */
Napi::Value Withdraw(const Napi::CallbackInfo &info) {
  Process *process = Own(info)->Target();
  bool unbegun = process != nullptr && process->Withdraw(info[0].As<Napi::Number>().Uint32Value(),
                                                         info[1].As<Napi::Number>().Int32Value());
  return Napi::Boolean::New(info.Env(), unbegun);
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

pid_t PidIn(const Napi::CallbackInfo &info) {
  return static_cast<pid_t>(info[0].As<Napi::Number>().Int32Value());
}

/* reapAtEnd(pid): the child is ended and reaped if this environment ends before it. */
void ReapAtEnd(const Napi::CallbackInfo &info) {
  static_cast<Reaper *>(info.Data())->Add(PidIn(info));
}

/* reaped(pid): the child was reaped. */
void Reaped(const Napi::CallbackInfo &info) {
  static_cast<Reaper *>(info.Data())->Remove(PidIn(info));
}

template <typename Callback, typename Self>
void Export(Napi::Object exports, const char *name, Callback callback, Self *self) {
  exports[name] = Napi::Function::New(exports.Env(), callback, name, self);
}

}  // namespace

Napi::Object MakeProcessExports(Napi::Env env) {
  Processes *self = Processes::Make(env);
  Reaper *reaper = Reaper::Make(env);
  Napi::Object exports = Napi::Object::New(env);
  exports["scratchSize"] = Napi::Number::New(env, static_cast<double>(kProcessScratch));
  Export(exports, "open", Open, self);
  Export(exports, "problem", FindProblem, self);
  Export(exports, "create", Create, self);
  Export(exports, "started", Started, self);
  Export(exports, "reapAtEnd", ReapAtEnd, reaper);
  Export(exports, "reaped", Reaped, reaper);
  Export(exports, "reference", Reference, self);
  Export(exports, "pause", Pause, self);
  Export(exports, "slab", Slab, self);
  Export(exports, "poke", Poke, self);
  Export(exports, "finish", Finish, self);
  Export(exports, "close", Close, self);
  Export(exports, "break", Break, self);
  Export(exports, "capturedOutput", TakeCapturedOutput, self);
  Export(exports, "withdraw", Withdraw, self);
  Export(exports, "trim", Trim, self);
  Export(exports, "cool", Cool, self);
  Export(exports, "facts", Facts, self);
  Export(exports, "callInput", CallInput, self);
  Export(exports, "awaitEnd", AwaitEnd, self);
  AddRequestExports(exports, self);
  return exports;
}

}  // namespace tenon
