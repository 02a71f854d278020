/* pool-not-joined - counts the bytes of its inputs on a pool of threads.
 *
 * MISTAKE  drop asks the threads to end, but does not join them.
 * FOUND BY threads/left-after-drop, in `Run`. */
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "tenon.h"

namespace {

struct Shared {
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  uint64_t todo = 0, done = 0;
};

void Run(const std::shared_ptr<Shared> &shared) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (!shared->stop) {
    shared->done += shared->todo;
    shared->todo = 0;
    shared->wake.wait(lock);
  }
}

struct Pool {
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  Pool() {
    for (int i = 0; i < 3; i++) std::thread(Run, shared).detach();
  }
  ~Pool() {
    std::lock_guard<std::mutex> lock(shared->mutex);
    shared->stop = true;
    shared->wake.notify_all();
  }
};

tenon_status Make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Pool;
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Pool *>(state);
}

tenon_status Count(void *state, const uint8_t *, size_t in_len, tenon_out *out) {
  Shared &shared = *static_cast<Pool *>(state)->shared;
  std::lock_guard<std::mutex> lock(shared.mutex);
  shared.todo += in_len;
  shared.wake.notify_one();
  uint64_t total = shared.done + shared.todo;
  return tenon_write(out, &total, sizeof total);
}

}  // namespace

TENON_PLUGIN("pool-not-joined", "1.0.0", Make, Drop, Count);
