// Compiled, but never run.
#include <dlfcn.h>
#include <mach-o/dyld.h>
#include <sys/stat.h>

#include "plugin/image.h"
#include "plugin/macho_segments.h"
#include "plugin/memory.h"

namespace tenon::probe {
namespace {

// Returns the header of the newest library that was loaded from the file, or 0. dyld may list it by another path.
uintptr_t header_of(const char *file) {
  struct stat wanted;
  if (stat(file, &wanted) != 0) return 0;
  for (uint32_t index = _dyld_image_count(); index-- > 0;) {
    const char *name = _dyld_get_image_name(index);
    struct stat found;
    if (name == nullptr || stat(name, &found) != 0) continue;
    if (found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev)
      return reinterpret_cast<uintptr_t>(_dyld_get_image_header(index));
  }
  return 0;
}

}  // namespace

bool Image::open(const char *file, std::string &problem) {
  handle_ = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle_ == nullptr) {
    const char *words = dlerror();
    problem = words == nullptr ? "the loader gave no reason" : words;
    return false;
  }
  base_ = header_of(file);
  if (base_ == 0) {
    problem = "dyld does not list the library that it has just opened";
    return false;
  }
  ForEachSegment(base_, [this](uintptr_t start, uintptr_t end, bool executable) {
    segments_.push_back({start, end, executable});
  });
  return true;
}

uintptr_t Image::symbol(const char *name) const {
  return reinterpret_cast<uintptr_t>(dlsym(handle_, name));
}

}  // namespace tenon::probe
