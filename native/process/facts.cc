#include "process/facts.h"

#include <string.h>

namespace tenon {
namespace {

Napi::Value Number(Napi::Env env, double value) {
  return Napi::Number::New(env, value);
}
Napi::Value Address(Napi::Env env, uint64_t value) {
  return Napi::BigInt::New(env, value);
}

Napi::Value EndOf(Napi::Env env, Process &process) {
  ProcessStatus status;
  if (process.pid() == 0 || !ReadEnd(process.pid(), &status)) return env.Null();
  Napi::Object end = Napi::Object::New(env);
  end["code"] = Number(env, status.code);
  end["signal"] = Number(env, status.signal);
  end["peak"] = Number(env, static_cast<double>(status.peak));
  return end;
}

Napi::Value CallOf(Napi::Env env, const ChannelHost &channel) {
  Breadcrumb crumb;
  channel.ReadBreadcrumb(&crumb);
  Napi::Object call = Napi::Object::New(env);
  call["stage"] = Number(env, crumb.stage);
  call["operation"] = Number(env, crumb.operation);
  call["number"] = Number(env, static_cast<double>(crumb.number));
  call["calls"] = Number(env, static_cast<double>(crumb.calls));
  call["instance"] = Number(env, crumb.instance);
  call["method"] = Number(env, crumb.method);
  call["message"] = Number(env, crumb.message);
  call["inputSize"] = Number(env, static_cast<double>(crumb.input_size));
  return call;
}

Napi::Value CrashOf(Napi::Env env, const ChannelHost &channel) {
  CrashRecord record;
  if (!channel.ReadCrash(&record)) return env.Null();
  Napi::Object crash = Napi::Object::New(env);
  crash["signal"] = Number(env, record.signal);
  crash["mainThread"] = Napi::Boolean::New(env, record.main_thread != 0);
  crash["address"] = Address(env, record.address);
  crash["pc"] = Address(env, record.pc);
  crash["base"] = Address(env, record.base);
  Napi::Array frames = Napi::Array::New(env, record.frame_count);
  for (uint32_t i = 0; i < record.frame_count; i++) frames[i] = Address(env, record.frames[i]);
  crash["frames"] = frames;
  return crash;
}

}  // namespace

Napi::Object FactsOf(Napi::Env env, Process &process) {
  ChannelHost &channel = process.channel;
  Napi::Object facts = Napi::Object::New(env);
  const char *broken = channel.broken();
  facts["state"] = Number(env, static_cast<uint32_t>(channel.state()));
  facts["pid"] = Number(env, channel.facts().pid.load(std::memory_order_relaxed));
  facts["active"] = Number(env, channel.facts().active.load(std::memory_order_relaxed));
  facts["landlock"] = Number(env, channel.facts().landlock_abi.load(std::memory_order_relaxed));
  facts["broken"] = broken == nullptr ? env.Null() : Napi::Value(Napi::String::New(env, broken));
  facts["end"] = EndOf(env, process);
  facts["call"] = CallOf(env, channel);
  facts["crash"] = CrashOf(env, channel);
  return facts;
}

int64_t CopyCallInput(const ChannelHost &channel, uint8_t *target, size_t room) {
  Breadcrumb crumb;
  channel.ReadBreadcrumb(&crumb);
  if (crumb.input_offset == 0 || crumb.input_size > room) return -1;
  const uint8_t *input = channel.InputAt(crumb.input_offset, crumb.input_size);
  if (input == nullptr) return -1;
  if (crumb.input_size != 0) memcpy(target, input, static_cast<size_t>(crumb.input_size));
  return static_cast<int64_t>(crumb.input_size);
}

}  // namespace tenon
