/* Compiled, but never run. */
#include <dlfcn.h>
#include <mach/mach.h>

#include <algorithm>

#include "plugin/frames.h"
#include "plugin/frames_system.h"
#include "plugin/macho_segments.h"

namespace tenon {

bool ReadWord(uintptr_t address, uintptr_t *word) {
  if (address % sizeof(uintptr_t) != 0 || address < kFirstPage) return false;
  vm_size_t copied = 0;
  kern_return_t result = vm_read_overwrite(mach_task_self(), address, sizeof(*word),
                                           reinterpret_cast<vm_address_t>(word), &copied);
  return result == KERN_SUCCESS && copied == sizeof(*word);
}

Registers RegistersOf(const ucontext_t *context) {
#if defined(__x86_64__)
  const auto &state = context->uc_mcontext->__ss;
  return {static_cast<uintptr_t>(state.__rip), static_cast<uintptr_t>(state.__rsp),
          static_cast<uintptr_t>(state.__rbp)};
#else
  const auto &state = context->uc_mcontext->__ss;
  return {static_cast<uintptr_t>(state.__pc), static_cast<uintptr_t>(state.__sp),
          static_cast<uintptr_t>(state.__fp)};
#endif
}

CodeRange FindCode(uintptr_t address) {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<const void *>(address), &info) == 0) return {0, 0, 0};
  CodeRange range = {reinterpret_cast<uintptr_t>(info.dli_fbase), UINTPTR_MAX, 0};
  ForEachSegment(range.base, [&range](uintptr_t start, uintptr_t end, bool executable) {
    if (!executable) return;
    range.start = std::min(range.start, start);
    range.end = std::max(range.end, end);
  });
  return range.start < range.end ? range : CodeRange{0, 0, 0};
}

}  // namespace tenon
