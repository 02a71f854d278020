// A loaded shared library: where it lies in memory, and to whom an address belongs.
#ifndef TENON_PLUGIN_IMAGE_H
#define TENON_PLUGIN_IMAGE_H

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::probe {

class Image {
 public:
  // Opens and pins `file`: every symbol bound now, none of them offered to others, never unloaded again.
  // On failure `problem` holds the loader's own words.
  bool open(const char *file, std::string &problem);

  // The address of an exported name; 0 if neither the library nor one of its dependencies has it.
  uintptr_t symbol(const char *name) const;

  // True if `address` lies in an executable segment of this library.
  bool is_code(uintptr_t address) const;

  // True if `address` lies in any segment of this library.
  bool owns(uintptr_t address) const;

  // What is at `address`, as the end of a sentence: "data of this library".
  std::string describe(uintptr_t address) const;

  // `address` relative to the base of the library, as inspection of the file states addresses.
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
