// A loaded shared library: its segments in memory, and the owner of an address.
#ifndef TENON_PLUGIN_IMAGE_H
#define TENON_PLUGIN_IMAGE_H

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::probe {

class Image {
 public:
  // Opens and pins `file`: binds all symbols now, does not offer them to other libraries, and never unloads
  // it. On failure `problem` receives the loader's message.
  bool open(const char *file, std::string &problem);

  // Returns the address of an exported name, or 0 if neither the library nor one of its dependencies has it.
  uintptr_t symbol(const char *name) const;

  // Returns whether `address` is in an executable segment of this library.
  bool is_code(uintptr_t address) const;

  // Returns whether `address` is in any segment of this library.
  bool owns(uintptr_t address) const;

  // Describes the memory at `address`, as the end of a sentence: "data of this library".
  std::string describe(uintptr_t address) const;

  // Returns `address` relative to the base of the library, as `inspect` states addresses of the file.
  uintptr_t relative(uintptr_t address) const { return address - base_; }

 private:
  struct Segment {
    uintptr_t start, end;
    bool executable;
  };
  bool find_segments(const void *dynamic);

  void *handle_ = nullptr;
  uintptr_t base_ = 0;
  std::vector<Segment> segments_;
};

}  // namespace tenon::probe

#endif
