#include "plugin/method_table.h"

#include "plugin/memory.h"

namespace tenon {
namespace {

constexpr uint32_t kTableHeader = 8;
constexpr uint32_t kMostMethods = 256;
constexpr uint32_t kLargestTable = kTableHeader + kMostMethods * sizeof(uintptr_t);

}  // namespace

bool ReadMethodTable(const probe::Image &image, const std::string &kind, uintptr_t address,
                     std::vector<uintptr_t> *methods, Refusal *refusal) {
  const auto refuse = [&](const char *code, const std::string &what) {
    *refusal = {code, "The method table '" + kind + "' " + what};
    return false;
  };
  if (address % sizeof(uintptr_t) != 0) {
    return refuse("ERR_TENON_BAD_VTABLE",
                  "is at " + AddressText(address) + ", which is not aligned to 8 bytes");
  }
  struct {
    uint32_t size, count;
  } header;
  if (!probe::read_memory(address, &header, sizeof(header)))
    return refuse("ERR_TENON_BAD_POINTER", "is at " + AddressText(address) + ", which cannot be read");
  if (header.size < kTableHeader || header.size > kLargestTable ||
      header.count > (header.size - kTableHeader) / sizeof(uintptr_t)) {
    return refuse("ERR_TENON_BAD_VTABLE", "states " + std::to_string(header.size) + " bytes for " +
                                              std::to_string(header.count) +
                                              " methods, expected 8 + 8 × count, with at most " +
                                              std::to_string(kMostMethods) + " methods");
  }
  methods->resize(header.count);
  if (!probe::read_memory(address + kTableHeader, methods->data(), header.count * sizeof(uintptr_t))) {
    return refuse("ERR_TENON_BAD_POINTER", "is at " + AddressText(address) + ", where " +
                                               std::to_string(header.size) + " bytes cannot be read");
  }
  for (size_t slot = 0; slot < methods->size(); slot++) {
    uintptr_t method = (*methods)[slot];
    if (image.is_code(method)) continue;
    std::string found =
        method == 0 ? "is NULL" : "points to " + AddressText(method) + ", which is not code of the plugin";
    return refuse("ERR_TENON_BAD_VTABLE", "is unusable: its slot " + std::to_string(slot) + " " + found);
  }
  return true;
}

}  // namespace tenon
