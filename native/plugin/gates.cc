#include "plugin/gates.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugin/memory.h"

namespace tenon {
namespace {

constexpr size_t kVersionLimit = 255;
constexpr size_t kNameLimit = 63;
constexpr uint32_t kSmallestVtable = 56; /* of ABI 1.0 */
constexpr uint32_t kLargestVtable = 4096;

using StringFunction = const char *(*)();
using PluginFunction = const tenon_plugin *(*)();

struct Slot {
  const char *name;
  size_t offset;
  bool required;
};
constexpr Slot kSlots[] = {
    {"get_version", offsetof(tenon_plugin, get_version), true},
    {"get_name", offsetof(tenon_plugin, get_name), true},
    {"new", offsetof(tenon_plugin, new_), true},
    {"drop", offsetof(tenon_plugin, drop), true},
    {"something", offsetof(tenon_plugin, something), true},
    {"get_extension", offsetof(tenon_plugin, get_extension), false},
};

}  // namespace

std::string AddressText(uintptr_t address) {
  char text[2 + 16 + 1];
  snprintf(text, sizeof(text), "0x%" PRIxPTR, address);
  return text;
}

std::string Quote(const std::string &bytes) {
  constexpr size_t kLongest = 80;
  std::string text;
  for (unsigned char byte : bytes) {
    char next[5] = {static_cast<char>(byte)};
    bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    if (!plain) snprintf(next, sizeof(next), "\\x%02x", byte);
    if (text.size() + strlen(next) > kLongest) return "\"" + text + "…\"";
    text += next;
  }
  return "\"" + text + "\"";
}

bool Gates::Refuse(const char *code, const std::string &message) {
  refusal_ = {code, message};
  return false;
}

bool Gates::Open(const char *file) {
  std::string problem;
  if (!image_.open(file, problem))
    return Refuse("ERR_TENON_LOAD_FAILED", "the system's loader says \"" + problem + "\"");
  return EntryPoint("get_version", &get_version_) && EntryPoint("get_name", &get_name_) &&
         EntryPoint("get_plugin", &get_plugin_);
}

bool Gates::EntryPoint(const char *name, uintptr_t *address) {
  *address = image_.symbol(name);
  if (*address == 0)
    return Refuse("ERR_TENON_MISSING_SYMBOL", std::string("the loader does not find ") + name);
  if (image_.is_code(*address)) return true;
  return Refuse("ERR_TENON_BAD_SYMBOL", std::string(name) + " resolves to " + image_.describe(*address) +
                                            ", expected code of this library");
}

bool Gates::Stated(const char *function, uintptr_t address, size_t limit, std::string *text) {
  uintptr_t at = reinterpret_cast<uintptr_t>(reinterpret_cast<StringFunction>(address)());
  if (probe::read_string(at, limit, *text)) return true;
  return Refuse("ERR_TENON_BAD_POINTER",
                std::string(function) + " returned " + AddressText(at) + ", where no string can be read");
}

bool Gates::Version() {
  return Stated("get_version", get_version_, kVersionLimit, &version_);
}

bool Gates::Name() {
  return Stated("get_name", get_name_, kNameLimit, &name_);
}

bool Gates::Vtable() {
  if (!ReadVtable(reinterpret_cast<uintptr_t>(reinterpret_cast<PluginFunction>(get_plugin_)()))) return false;
  for (const Slot &slot : kSlots) {
    uintptr_t address;
    memcpy(&address, reinterpret_cast<const char *>(&vtable_) + slot.offset, sizeof(address));
    if ((address == 0 && !slot.required) || image_.is_code(address)) continue;
    std::string found = address == 0 ? "is NULL" : "points to " + image_.describe(address);
    return Refuse("ERR_TENON_BAD_VTABLE",
                  std::string("its slot ") + slot.name + " " + found + ", expected code of this library");
  }
  return CheckRepeats("get_version", reinterpret_cast<uintptr_t>(vtable_.get_version), get_version_,
                      kVersionLimit, version_) &&
         CheckRepeats("get_name", reinterpret_cast<uintptr_t>(vtable_.get_name), get_name_, kNameLimit,
                      name_);
}

bool Gates::ReadVtable(uintptr_t address) {
  const char *code = "ERR_TENON_BAD_VTABLE";
  std::string at = "get_plugin returned " + AddressText(address);
  if (address == 0) return Refuse(code, "get_plugin returned NULL, expected the vtable");
  if (address % alignof(tenon_plugin) != 0) return Refuse(code, at + ", which is not aligned to 8 bytes");
  uint32_t size;
  if (!probe::read_memory(address, &size, sizeof(size))) return Refuse(code, at + ", which cannot be read");
  if (size < kSmallestVtable || size > kLargestVtable || size % alignof(tenon_plugin) != 0) {
    return Refuse(code, "its size is " + std::to_string(size) + ", expected a multiple of 8 from " +
                            std::to_string(kSmallestVtable) + " to " + std::to_string(kLargestVtable));
  }
  unsigned char copy[kLargestVtable];
  if (!probe::read_memory(address, copy, size))
    return Refuse(code, at + ", where " + std::to_string(size) + " bytes cannot be read");
  memcpy(&vtable_, copy, sizeof(vtable_));
  return vtable_.size == size || Refuse(code, "its size changed while it was read");
}

/* Checks that a slot that repeats an exported entry point returns the same string. */
bool Gates::CheckRepeats(const char *name, uintptr_t slot, uintptr_t exported, size_t limit,
                         const std::string &expected) {
  if (slot == exported) return true;
  std::string text, what = std::string("its slot ") + name;
  if (!Stated(what.c_str(), slot, limit, &text)) return Refuse("ERR_TENON_BAD_VTABLE", refusal_.message);
  if (text == expected) return true;
  return Refuse("ERR_TENON_BAD_VTABLE",
                what + " says " + Quote(text) + ", the exported " + name + " " + Quote(expected));
}

}  // namespace tenon
