#include "plugin/image.h"

#include <dlfcn.h>
#include <link.h>

namespace tenon::probe {

bool Image::open(const char *file, std::string &problem) {
  handle_ = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle_ == nullptr) {
    const char *words = dlerror();
    problem = words == nullptr ? "the loader gave no reason" : words;
    return false;
  }
  link_map *map = nullptr;
  if (dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) {
    problem = "the loader does not report the library's address";
    return false;
  }
  base_ = map->l_addr;
  if (find_segments(map->l_ld)) return true;
  problem = "the loader does not list the segments of the library";
  return false;
}

bool Image::find_segments(const void *dynamic) {
  struct Search {
    Image *image;
    uintptr_t dynamic;
  } search{this, reinterpret_cast<uintptr_t>(dynamic)};
  // Finds this library by its dynamic section. Its base alone is not unique, because several objects may have
  // base 0.
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    const auto &wanted = *static_cast<Search *>(data);
    std::vector<Segment> segments;
    bool ours = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
      const ElfW(Phdr) &header = info->dlpi_phdr[i];
      const uintptr_t start = info->dlpi_addr + header.p_vaddr;
      if (header.p_type == PT_DYNAMIC && start == wanted.dynamic) ours = true;
      if (header.p_type != PT_LOAD) continue;
      segments.push_back({start, start + header.p_memsz, (header.p_flags & PF_X) != 0});
    }
    if (ours) wanted.image->segments_ = std::move(segments);
    return ours ? 1 : 0;
  };
  return dl_iterate_phdr(visit, &search) == 1;
}

uintptr_t Image::symbol(const char *name) const {
  return reinterpret_cast<uintptr_t>(dlsym(handle_, name));
}

}  // namespace tenon::probe
