#include "check/watched_memory.h"

#include <atomic>
#include <mutex>

namespace tenon::check {
namespace {

struct Range {
  std::atomic<uintptr_t> start{0};
  uintptr_t end = 0;
  const char *finding = nullptr;
};

constexpr size_t kMost = 4096;
Range ranges[kMost];
std::mutex changing;

}  // namespace

void Watch(const void *start, size_t size, const char *finding) {
  std::lock_guard<std::mutex> lock(changing);
  for (Range &range : ranges) {
    if (range.start != 0) continue;
    range.end = reinterpret_cast<uintptr_t>(start) + size;
    range.finding = finding;
    range.start =
        reinterpret_cast<uintptr_t>(start); /* last: a signal handler may read the range at any time */
    return;
  }
}

void Unwatch(const void *start, size_t size) {
  std::lock_guard<std::mutex> lock(changing);
  uintptr_t from = reinterpret_cast<uintptr_t>(start);
  for (Range &range : ranges) {
    uintptr_t begin = range.start;
    if (begin >= from && begin < from + size) range.start = 0;
  }
}

const char *WatchedFinding(uintptr_t address) {
  for (const Range &range : ranges) {
    uintptr_t start = range.start;
    if (start != 0 && address >= start && address < range.end) return range.finding;
  }
  return nullptr;
}

}  // namespace tenon::check
