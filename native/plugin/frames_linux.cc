#include <errno.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "plugin/frames.h"
#include "plugin/frames_system.h"

namespace tenon {

/* The kernel copies the new mask before it checks the invalid `how`, so EFAULT says that the word cannot be read.
 * Needs no file. */
__attribute__((no_sanitize("address"))) bool ReadWord(uintptr_t address, uintptr_t *word) {
  if (address % sizeof(uintptr_t) != 0 || address < kFirstPage) return false;
  int saved = errno;
  bool readable = syscall(SYS_rt_sigprocmask, ~0, address, nullptr, sizeof(uint64_t)) != 0 && errno == EINVAL;
  errno = saved;
  if (readable) *word = *reinterpret_cast<const volatile uintptr_t *>(address);
  return readable;
}

Registers RegistersOf(const ucontext_t *context) {
#if defined(__x86_64__)
  const greg_t *regs = context->uc_mcontext.gregs;
  return {static_cast<uintptr_t>(regs[REG_RIP]), static_cast<uintptr_t>(regs[REG_RSP]),
          static_cast<uintptr_t>(regs[REG_RBP])};
#elif defined(__aarch64__)
  return {context->uc_mcontext.pc, context->uc_mcontext.sp, context->uc_mcontext.regs[29]};
#else
  (void)context;
  return {0, 0, 0};
#endif
}

CodeRange FindCode(uintptr_t address) {
  struct Wanted {
    uintptr_t address;
    CodeRange range;
  } wanted = {address, {0, 0, 0}};
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    Wanted *asked = static_cast<Wanted *>(data);
    uintptr_t start = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
      const ElfW(Phdr) &header = info->dlpi_phdr[i];
      if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
      start = std::min<uintptr_t>(start, info->dlpi_addr + header.p_vaddr);
      end = std::max<uintptr_t>(end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
    }
    if (asked->address < start || asked->address >= end) return 0;
    asked->range = {info->dlpi_addr, start, end};
    return 1;
  };
  dl_iterate_phdr(visit, &wanted);
  return wanted.range;
}

}  // namespace tenon
