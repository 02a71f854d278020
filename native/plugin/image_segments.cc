// The owner of an address, where the segments of a library are known.
#include <dlfcn.h>

#include "plugin/image.h"
#include "plugin/memory.h"

namespace tenon::probe {

bool Image::is_code(uintptr_t address) const {
  for (const Segment &segment : segments_) {
    if (segment.executable && address >= segment.start && address < segment.end) return true;
  }
  return false;
}

bool Image::owns(uintptr_t address) const {
  for (const Segment &segment : segments_) {
    if (address >= segment.start && address < segment.end) return true;
  }
  return false;
}

std::string Image::describe(uintptr_t address) const {
  if (address == 0) return "NULL";
  if (is_code(address)) return "code of this library";
  if (owns(address)) return "data of this library";
  Dl_info info{};
  if (dladdr(reinterpret_cast<void *>(address), &info) != 0 && info.dli_fname != nullptr) {
    return std::string("another library (") + info.dli_fname + ")";
  }
  char byte;
  return read_memory(address, &byte, 1) ? "memory of no library (heap or stack)"
                                        : "unmapped or protected memory";
}

}  // namespace tenon::probe
