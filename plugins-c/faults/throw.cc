// throw.cc - C++ exceptions in each slot, which the barrier of tenon.h must catch.
#include <new>
#include <stdexcept>

#include "tenon.h"
#include "../codec.kind.h"

#define THROW_IN_NEW       1
#define THROW_IN_SOMETHING 2
#define THROW_IN_DROP      3
#define THROW_AN_INTEGER   4  // not a std::exception, so it has no message
#define THROW_LATE         5  // after a part of the result was written
#define THROW_IN_METHOD    6  // in a method of a kind, which TENON_METHOD wraps

namespace {

[[noreturn]] void fail() {
#if FAULT_THROW == THROW_AN_INTEGER
  throw 42;
#else
  throw std::runtime_error("thrown by " FAULT_NAME);
#endif
}

tenon_status make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = nullptr;
#if FAULT_THROW == THROW_IN_NEW
  fail();
#endif
  return TENON_OK;
}

void drop(void *) {
#if FAULT_THROW == THROW_IN_DROP
  fail();
#endif
}

tenon_status call(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
#if FAULT_THROW == THROW_IN_SOMETHING || FAULT_THROW == THROW_AN_INTEGER
  fail();
#elif FAULT_THROW == THROW_LATE
  tenon_write(out, in, in_len);
  fail();
#endif
  return tenon_write(out, in, in_len);
}

#if FAULT_THROW == THROW_IN_METHOD
tenon_status encode(void *, const uint8_t *, size_t, tenon_out *) {
  fail();
}

const void *extension(const char *id) {
  static const codec_1 table = {TENON_KIND_HEADER(codec_1), TENON_METHOD(encode), TENON_METHOD(call)};
  return strcmp(id, "codec/1") == 0 ? &table : nullptr;
}
#else
#define extension nullptr
#endif

}  // namespace

TENON_PLUGIN_WITH(FAULT_NAME, "1.0.0", "", 0, make, drop, call, extension);
