// Reads of memory that may not be mapped. None of these functions ever faults.
#ifndef TENON_PLUGIN_MEMORY_H
#define TENON_PLUGIN_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenon::probe {

// Copies `length` bytes at `address` to `to`. Returns false if one of them cannot be read.
bool read_memory(uintptr_t address, void *to, size_t length);

// Copies a NUL-terminated string without its NUL, but not more than `limit` + 1 bytes. A result longer than
// `limit` has no NUL within the limit. Returns false if a page before the NUL, or before the limit, cannot be
// read.
bool read_string(uintptr_t address, size_t limit, std::string &text);

}  // namespace tenon::probe

#endif
