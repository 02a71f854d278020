#include "check/imports.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tenon::check {
namespace {

struct Replacements {
  const Replacement *first;
  size_t count;
};

/* The parts of the dynamic section that list relocations. */
struct Dynamic {
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  uintptr_t tables[2] = {};
  size_t sizes[2] = {};
};

Dynamic Read(const link_map *library) {
  Dynamic found;
  for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_SYMTAB) found.symbols = reinterpret_cast<const ElfW(Sym) *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_STRTAB) found.names = reinterpret_cast<const char *>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_RELA) found.tables[0] = entry->d_un.d_ptr;
    if (entry->d_tag == DT_RELASZ) found.sizes[0] = entry->d_un.d_val;
    if (entry->d_tag == DT_JMPREL) found.tables[1] = entry->d_un.d_ptr;
    if (entry->d_tag == DT_PLTRELSZ) found.sizes[1] = entry->d_un.d_val;
  }
  return found;
}

/* Returns whether the place holds the usual function, or will: it is filled at the first call until then. */
bool IsUsual(const link_map *library, const ElfW(Sym) & symbol, const void *held, const void *usual) {
  if (usual == nullptr) return false;
  if (held == usual) return true;
  Dl_info holder;
  const uintptr_t base = library->l_addr;
  if (dladdr(held, &holder) == 0 || reinterpret_cast<uintptr_t>(holder.dli_fbase) != base) return false;
  return symbol.st_shndx == SHN_UNDEF || base + symbol.st_value == reinterpret_cast<uintptr_t>(usual);
}

/* Returns false if the system refuses the change. */
bool Replace(const link_map *library, const Dynamic &dynamic, const ElfW(Rela) & entry,
             const Replacements &all) {
  const ElfW(Sym) &symbol = dynamic.symbols[ELF64_R_SYM(entry.r_info)];
  void **place = reinterpret_cast<void **>(library->l_addr + entry.r_offset);
  for (size_t i = 0; i < all.count; i++) {
    const Replacement &one = all.first[i];
    if (strcmp(one.name, dynamic.names + symbol.st_name) != 0) continue;
    if (!IsUsual(library, symbol, *place, dlsym(RTLD_DEFAULT, one.name))) continue;
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t start = reinterpret_cast<uintptr_t>(place) & ~(page - 1);
    if (mprotect(reinterpret_cast<void *>(start), page, PROT_READ | PROT_WRITE) != 0) return false;
    *place = one.ours;
  }
  return true;
}

bool ReplaceIn(const link_map *library, const Replacements &all) {
  const Dynamic dynamic = Read(library);
  /* The addresses are below the base in the few objects that the loader does not relocate (the vdso). */
  if (dynamic.symbols == nullptr || reinterpret_cast<uintptr_t>(dynamic.names) < library->l_addr) return true;
  for (int table = 0; table < 2; table++) {
    const ElfW(Rela) *first = reinterpret_cast<const ElfW(Rela) *>(dynamic.tables[table]);
    for (size_t i = 0; i < dynamic.sizes[table] / sizeof(*first); i++) {
      if (ELF64_R_SYM(first[i].r_info) == 0 || first[i].r_offset % sizeof(void *) != 0) continue;
      if (!Replace(library, dynamic, first[i], all)) return false;
    }
  }
  return true;
}

}  // namespace

bool ReplaceImports(const Replacement *replacements, size_t count) {
  void *self = dlopen(nullptr, RTLD_NOW);
  link_map *program = nullptr;
  if (self == nullptr || dlinfo(self, RTLD_DI_LINKMAP, &program) != 0) return false;
  for (const link_map *library = program->l_next; library != nullptr; library = library->l_next)
    if (!ReplaceIn(library, {replacements, count})) return false;
  return true;
}

}  // namespace tenon::check
