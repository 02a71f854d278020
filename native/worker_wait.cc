#include "worker_wait.h"

#include <atomic>
#include <chrono>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace tenon {
namespace {

int UsableCpus() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::atomic<int> spinning;

}  // namespace

uint64_t SteadyNow() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void SpinPermit::Ask() {
  static const int most = UsableCpus() - 1;
  int others = spinning.load(std::memory_order_relaxed);
  granted_ = others < most && spinning.compare_exchange_strong(others, others + 1, std::memory_order_relaxed);
}

SpinPermit::~SpinPermit() {
  if (granted_) spinning.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tenon
