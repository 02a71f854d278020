/* kept-out - answers immediately, and a thread completes the answer.
 *
 * MISTAKE  the thread writes to the output after the call has returned.
 * FOUND BY calls/retained-output, in `Complete`. */
#include <chrono>
#include <thread>

#include "tenon.h"

namespace {

struct Writer {
  std::thread thread;
  ~Writer() {
    if (thread.joinable()) thread.join();
  }
};

void Complete(uint8_t *last) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  *last = '!';
}

tenon_status Make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Writer;
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Writer *>(state);
}

tenon_status Answer(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  Writer &writer = *static_cast<Writer *>(state);
  if (writer.thread.joinable()) writer.thread.join();
  tenon_status status = tenon_write(out, in, in_len);
  if (status == TENON_OK) status = tenon_write(out, "?", 1);
  if (status == TENON_OK) writer.thread = std::thread(Complete, out->data + out->len - 1);
  return status;
}

}  // namespace

TENON_PLUGIN("kept-out", "1.0.0", Make, Drop, Answer);
