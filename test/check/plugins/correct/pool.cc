/* pool - sums bytes on a pool of four threads, which drop joins.
 *
 * RESULT  the sum of all bytes, an unsigned 64-bit little-endian integer. */
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "tenon.h"

namespace {

class Pool {
 public:
  Pool() {
    for (int i = 0; i < 4; i++) threads_.emplace_back([this] { Work(); });
  }
  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread &thread : threads_) thread.join();
  }

  std::future<uint64_t> Sum(const uint8_t *bytes, size_t size) {
    std::packaged_task<uint64_t()> task([bytes, size] {
      uint64_t sum = 0;
      for (size_t i = 0; i < size; i++) sum += bytes[i];
      return sum;
    });
    std::future<uint64_t> result = task.get_future();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return result;
  }

 private:
  void Work() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      std::packaged_task<uint64_t()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<uint64_t()>> tasks_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

tenon_status Make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Pool;
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Pool *>(state);
}

/* Waits for every part before it returns, because the input is borrowed. */
tenon_status Sum(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  std::vector<std::future<uint64_t>> parts;
  for (size_t i = 0; i < 4; i++) {
    size_t begin = in_len / 4 * i, end = i == 3 ? in_len : in_len / 4 * (i + 1);
    parts.push_back(static_cast<Pool *>(state)->Sum(in_len == 0 ? nullptr : in + begin, end - begin));
  }
  uint64_t sum = 0;
  for (std::future<uint64_t> &part : parts) sum += part.get();
  return tenon_write(out, &sum, sizeof sum);
}

}  // namespace

TENON_PLUGIN_WITH("corpus-pool", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, Make, Drop, Sum,
                  nullptr);
