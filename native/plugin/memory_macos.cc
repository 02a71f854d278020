// Compiled, but never run.
#include <mach/mach.h>

#include "plugin/memory.h"

namespace tenon::probe {

bool read_memory(uintptr_t address, void *to, size_t length) {
  if (length > UINTPTR_MAX - address) return false;
  if (length == 0) return true;
  vm_size_t copied = 0;
  const kern_return_t result =
      vm_read_overwrite(mach_task_self(), address, length, reinterpret_cast<vm_address_t>(to), &copied);
  return result == KERN_SUCCESS && copied == length;
}

}  // namespace tenon::probe
