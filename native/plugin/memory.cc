#include "plugin/memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace tenon::probe {
namespace {

// The alignment of chunks. No chunk crosses a multiple of it. Real pages may be larger but never smaller, so
// a chunk is readable as a whole or not at all.
constexpr size_t kPage = 4096;

bool copy_by_vm_readv(uintptr_t address, void *to, size_t length) {
  const iovec local{to, length};
  const iovec remote{reinterpret_cast<void *>(address), length};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(length);
}

// Looks up the permissions of a page, because /proc/self/mem ignores them.
bool is_mapped_readable(uintptr_t address) {
  FILE *maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return false;
  char line[512];
  bool readable = false;
  bool at_start = true;
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    uintptr_t start = 0, end = 0;
    char mode = '-';
    if (at_start && std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %c", &start, &end, &mode) == 3 &&
        address >= start && address < end) {
      readable = mode == 'r';
      break;
    }
    at_start = std::strchr(line, '\n') != nullptr;
  }
  std::fclose(maps);
  return readable;
}

bool copy_by_proc_mem(uintptr_t address, void *to, size_t length) {
  if (!is_mapped_readable(address)) return false;
  const int file = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t count = pread(file, to, length, static_cast<off_t>(address));
  close(file);
  return count == static_cast<ssize_t>(length);
}

// Returns whether the system call works, tested by a read that cannot fail. Containers may forbid the call.
bool vm_readv_works() {
  const char known = 42;
  char copy = 0;
  return copy_by_vm_readv(reinterpret_cast<uintptr_t>(&known), &copy, 1) && copy == known;
}

// Copies memory within one page.
bool copy_chunk(uintptr_t address, void *to, size_t length) {
  static const bool fast = vm_readv_works();
  return fast ? copy_by_vm_readv(address, to, length) : copy_by_proc_mem(address, to, length);
}

size_t chunk_at(uintptr_t address, size_t wanted) {
  return std::min(wanted, kPage - address % kPage);
}

}  // namespace

bool read_memory(uintptr_t address, void *to, size_t length) {
  if (length > UINTPTR_MAX - address) return false;
  auto *target = static_cast<unsigned char *>(to);
  while (length > 0) {
    const size_t chunk = chunk_at(address, length);
    if (!copy_chunk(address, target, chunk)) return false;
    address += chunk, target += chunk, length -= chunk;
  }
  return true;
}

}  // namespace tenon::probe
