/* late-emit - repeats the input, and emits it 5 ms later for listeners that are slow.
 *
 * MISTAKE  the thread that emits is detached, so it may emit after drop.
 * FOUND BY threads/emit-after-drop, in `EmitLater`. */
#include <chrono>
#include <string>
#include <thread>

#include "tenon.h"

namespace {

struct Repeater {
  const tenon_host *host;
};

void EmitLater(const tenon_host *host, const std::string &bytes) {
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  host->emit(host, reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

tenon_status Make(const tenon_host *host, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Repeater{host};
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Repeater *>(state);
}

tenon_status Repeat(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  std::string bytes(in_len == 0 ? "" : reinterpret_cast<const char *>(in), in_len);
  std::thread(EmitLater, static_cast<Repeater *>(state)->host, bytes).detach();
  return tenon_write(out, bytes.data(), bytes.size());
}

}  // namespace

TENON_PLUGIN("late-emit", "1.0.0", Make, Drop, Repeat);
