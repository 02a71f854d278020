/* The same as baseline.c with the usual C++ wrapper, node-addon-api. */
#include <napi.h>

#include "work.h"

namespace {

Napi::Value Sum(const Napi::CallbackInfo &info) {
  Napi::Buffer<uint8_t> input = info[0].As<Napi::Buffer<uint8_t>>();
  uint64_t value = work_sum(input.Data(), input.Length());
  return Napi::Buffer<uint8_t>::Copy(info.Env(), reinterpret_cast<const uint8_t *>(&value), sizeof(value));
}

Napi::Value Min(const Napi::CallbackInfo &info) {
  int32_t a = info[0].As<Napi::Number>().Int32Value();
  int32_t b = info[1].As<Napi::Number>().Int32Value();
  return Napi::Number::New(info.Env(), work_min(a, b));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["sum"] = Napi::Function::New(env, Sum, "sum");
  exports["min"] = Napi::Function::New(env, Min, "min");
  return exports;
}

NODE_API_MODULE(wrapper, Init)

}  // namespace
