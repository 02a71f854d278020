#include "check/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "check/failure.h"

namespace tenon::check {
namespace {

struct Heap {
  double used = 0;   /* bytes that callers of malloc hold */
  double mapped = 0; /* bytes that malloc holds from the system */
};

Heap LookAtHeap() {
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
  struct mallinfo2 info = mallinfo2();
  return {static_cast<double>(info.uordblks + info.hblkhd), static_cast<double>(info.arena + info.hblkhd)};
#endif
#endif
  return {}; /* then all mapped memory counts */
}

}  // namespace

MemoryGauge::MemoryGauge() : statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
  if (statm_ < 0) FailChecker("open /proc/self/statm", errno);
}

MemoryGauge::~MemoryGauge() {
  close(statm_);
}

void MemoryGauge::Read() {
  char text[256];
  ssize_t length = pread(statm_, text, sizeof(text) - 1, 0);
  if (length <= 0) FailChecker("read /proc/self/statm", length == 0 ? EIO : errno);
  unsigned long long resident = 0, shared = 0, writable = 0;
  text[length] = '\0';
  sscanf(text, "%*u %llu %llu %*u %*u %llu", &resident, &shared, &writable);
  static const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  Heap heap = LookAtHeap();
  in_use_ = heap.used + static_cast<double>(writable) * page - heap.mapped;
  resident_ = static_cast<double>(resident - shared) * page;
}

}  // namespace tenon::check
