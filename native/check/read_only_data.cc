#include "check/read_only_data.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include <algorithm>

namespace tenon::check {
namespace {

constexpr size_t kMost = 1 << 20;

/* Copies a struct out of the file. Returns false if it is not completely in the file. */
template <typename Struct>
bool Read(const std::string &file, uint64_t offset, Struct *value) {
  if (offset > file.size() || file.size() - offset < sizeof(Struct)) return false;
  memcpy(value, file.data() + offset, sizeof(Struct));
  return true;
}

bool IsConstant(const ElfW(Shdr) & section, const char *name) {
  if (section.sh_type != SHT_PROGBITS || (section.sh_flags & SHF_ALLOC) == 0) return false;
  if ((section.sh_flags & (SHF_WRITE | SHF_EXECINSTR)) != 0) return strncmp(name, ".data.rel.ro", 12) == 0;
  return strncmp(name, ".rodata", 7) == 0;
}

/* Returns the name of a section, or an empty one if it is not in the file. */
const char *NameOf(const std::string &file, const ElfW(Shdr) & names, const ElfW(Shdr) & section) {
  uint64_t at = uint64_t{names.sh_offset} + section.sh_name;
  return at < file.size() ? file.c_str() + at : "";
}

}  // namespace

std::string ReadOnlyData(const std::string &file) {
  ElfW(Ehdr) header;
  if (!Read(file, 0, &header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "";
  if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)) return "";
  if (header.e_shentsize != sizeof(ElfW(Shdr))) return "";
  ElfW(Shdr) names, section;
  auto place = [&](uint64_t index) { return header.e_shoff + index * sizeof(section); };
  if (header.e_shoff > file.size() || !Read(file, place(header.e_shstrndx), &names)) return "";
  std::string found;
  for (uint64_t i = 0; i < header.e_shnum && Read(file, place(i), &section); i++) {
    if (!IsConstant(section, NameOf(file, names, section)) || section.sh_offset > file.size()) continue;
    found += file.substr(section.sh_offset, std::min<size_t>(section.sh_size, kMost - found.size()));
  }
  return found;
}

}  // namespace tenon::check
