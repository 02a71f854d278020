// Reads of memory that may not be there. Nothing in here ever faults.
#ifndef TENON_PLUGIN_MEMORY_H
#define TENON_PLUGIN_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::probe {

// Copies `length` bytes at `address` to `to`. False if one of them cannot be read.
bool read_memory(uintptr_t address, void *to, size_t length);

// Copies a NUL-terminated string without its NUL, but not more than `limit` + 1 bytes: a longer result has no
// NUL within the limit. False if a page on the way to the NUL, or to the limit, cannot be read.
bool read_string(uintptr_t address, size_t limit, std::string &text);

}  // namespace tenon::probe

#endif
