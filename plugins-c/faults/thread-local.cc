// thread-local.cc - a thread-local object with a destructor, used by `something`. If a host unmaps the
// library before the thread ends (for example, when a worker of Node.js is terminated), the end of the thread
// jumps to unmapped code.
#include <string>

#include "tenon.h"

namespace {

struct Farewell {
  std::string text = "a string that is too long for the small-string buffer";
  ~Farewell() { text.clear(); }
};

tenon_status call(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
  thread_local Farewell farewell;
  if (farewell.text.empty()) return TENON_FAILED;
  return tenon_write(out, in, in_len);
}

}  // namespace

TENON_STATELESS_PLUGIN(FAULT_NAME, "1.0.0", call);
