#include <windows.h>

#include "plugin/memory.h"

namespace tenon::probe {
bool read_memory(uintptr_t address, void *to, size_t length) {
  if (length > UINTPTR_MAX - address) return false;
  SIZE_T copied = 0;
  return ReadProcessMemory(GetCurrentProcess(), reinterpret_cast<void *>(address), to, length, &copied) !=
             0 &&
         copied == length;
}

}  // namespace tenon::probe
