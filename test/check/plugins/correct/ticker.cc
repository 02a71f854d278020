/* ticker - emits the number of calls every few milliseconds, from a thread that drop joins. */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "tenon.h"

namespace {

class Ticker {
 public:
  explicit Ticker(const tenon_host *host) : host_(host), thread_([this] { Run(); }) {}
  ~Ticker() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  uint64_t Count() { return ++calls_; }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::milliseconds(2), [this] { return stop_; })) {
      lock.unlock(); /* the host is never called with a lock held */
      uint64_t calls = calls_;
      uint8_t event[sizeof calls];
      memcpy(event, &calls, sizeof calls);
      if (host_->emit(host_, event, sizeof event) == TENON_BUSY)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      lock.lock();
    }
  }

  const tenon_host *host_;
  std::atomic<uint64_t> calls_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_; /* the last member: it uses the others */
};

tenon_status Make(const tenon_host *host, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Ticker(host);
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Ticker *>(state);
}

tenon_status Count(void *state, const uint8_t *, size_t, tenon_out *out) {
  uint64_t calls = static_cast<Ticker *>(state)->Count();
  return tenon_write(out, &calls, sizeof calls);
}

}  // namespace

TENON_PLUGIN("corpus-ticker", "1.0.0", Make, Drop, Count);
