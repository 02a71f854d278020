#include <windows.h>

#include "plugin/memory.h"

namespace tenon::probe {
namespace {

// Returns whether all pages of the range can be read. Wine reads pages that are protected, and Windows does not.
bool is_readable(uintptr_t address, size_t length) {
  const uintptr_t end = address + length;
  while (address < end) {
    MEMORY_BASIC_INFORMATION found = {};
    if (VirtualQuery(reinterpret_cast<void *>(address), &found, sizeof(found)) == 0) return false;
    if (found.State != MEM_COMMIT || (found.Protect & (PAGE_NOACCESS | PAGE_GUARD)) != 0) return false;
    address = reinterpret_cast<uintptr_t>(found.BaseAddress) + found.RegionSize;
  }
  return true;
}

}  // namespace

bool read_memory(uintptr_t address, void *to, size_t length) {
  if (length > UINTPTR_MAX - address) return false;
  if (!is_readable(address, length)) return false;
  SIZE_T copied = 0;
  return ReadProcessMemory(GetCurrentProcess(), reinterpret_cast<void *>(address), to, length, &copied) !=
             0 &&
         copied == length;
}

}  // namespace tenon::probe
