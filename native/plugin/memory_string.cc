#include <algorithm>
#include <cstring>

#include "plugin/memory.h"

namespace tenon::probe {
namespace {

// Real pages may be larger but never smaller, so a chunk within a multiple of this is readable as a whole or not
// at all.
constexpr size_t kPage = 4096;

size_t chunk_at(uintptr_t address, size_t wanted) {
  return std::min(wanted, kPage - address % kPage);
}

// strnlen, which not every system has.
size_t length_within(const char *text, size_t size) {
  const void *end = std::memchr(text, 0, size);
  return end == nullptr ? size : static_cast<size_t>(static_cast<const char *>(end) - text);
}

}  // namespace

bool read_string(uintptr_t address, size_t limit, std::string &text) {
  text.clear();
  char page[kPage];
  while (text.size() <= limit) {
    const size_t chunk = chunk_at(address, limit + 1 - text.size());
    if (!read_memory(address, page, chunk)) return false;
    const size_t found = length_within(page, chunk);
    text.append(page, found);
    if (found < chunk) return true;
    address += chunk;
  }
  return true;
}

}  // namespace tenon::probe
