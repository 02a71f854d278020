#include "probe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

#include "probe/channel.h"
#include "probe/image.h"
#include "probe/memory.h"
#include "tenon.h"

namespace tenon::probe {
namespace {

constexpr size_t kVersionLimit = 255;
constexpr size_t kNameLimit = 63;
constexpr uint32_t kSmallestVtable = 56;  // of ABI 1.0
constexpr uint32_t kLargestVtable = 4096;

using string_function = const char *(*)();
using plugin_function = const tenon_plugin *(*)();

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

std::string address_text(uintptr_t address) {
  char text[2 + 16 + 1];
  std::snprintf(text, sizeof text, "0x%" PRIxPTR, address);
  return text;
}

// Bytes of a plugin as they can stand in a message; the same as `quote` in src/statements.ts.
std::string quote(const std::string &bytes) {
  constexpr size_t longest = 80;
  std::string text;
  for (const unsigned char byte : bytes) {
    char next[5] = {static_cast<char>(byte)};
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    if (!plain) std::snprintf(next, sizeof next, "\\x%02x", byte);
    if (text.size() + std::strlen(next) > longest) return "\"" + text + "…\"";
    text += next;
  }
  return "\"" + text + "\"";
}

// The process must not outlive its host, and its crashes are expected: they leave no core files behind.
bool confine(int host) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != host) return false;  // it ended before the line above took effect
  // A limit of 1, unlike 0, also keeps crashes away from a handler behind a pipe in core_pattern.
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  core.rlim_cur = core.rlim_max < 1 ? core.rlim_max : 1;
  setrlimit(RLIMIT_CORE, &core);
  // What the plugin printed before it crashed should be there, also without a terminal.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  return true;
}

class Walk {
 public:
  explicit Walk(Channel &channel) : channel_(channel) {}

  void open(const char *file) {
    channel_.send("stage open");
    std::string problem;
    if (!image_.open(file, problem))
      channel_.fail("ERR_TENON_LOAD_FAILED", "the system's loader says \"" + problem + "\"");
    get_version_ = entry_point("get_version");
    get_name_ = entry_point("get_name");
    get_plugin_ = entry_point("get_plugin");
  }

  void version() {
    channel_.send("stage version");
    version_ = stated("get_version", get_version_, kVersionLimit);
    channel_.send("version", version_);
  }

  void name() {
    channel_.send("stage name");
    name_ = stated("get_name", get_name_, kNameLimit);
    channel_.send("name", name_);
  }

  void vtable() {
    channel_.send("stage vtable");
    tenon_plugin plugin;
    read_vtable(reinterpret_cast<uintptr_t>(reinterpret_cast<plugin_function>(get_plugin_)()), plugin);
    std::string record = "vtable " + std::to_string(plugin.size) + " " + std::to_string(plugin.flags);
    for (const Slot &slot : kSlots) {
      uintptr_t address;
      memcpy(&address, reinterpret_cast<const char *>(&plugin) + slot.offset, sizeof address);
      check_slot(slot, address);
      record += " " + address_text(address == 0 ? 0 : image_.relative(address));
    }
    check_repeats("get_version", plugin.get_version, get_version_, kVersionLimit, version_);
    check_repeats("get_name", plugin.get_name, get_name_, kNameLimit, name_);
    channel_.send(record);
  }

 private:
  uintptr_t entry_point(const char *name) {
    const uintptr_t address = image_.symbol(name);
    if (address == 0)
      channel_.fail("ERR_TENON_MISSING_SYMBOL", std::string("the loader does not find ") + name);
    if (!image_.is_code(address)) {
      channel_.fail("ERR_TENON_BAD_SYMBOL", std::string(name) + " resolves to " + image_.describe(address) +
                                                ", expected code of this library");
    }
    return address;
  }

  std::string stated(const char *function, uintptr_t address, size_t limit) {
    const auto text = reinterpret_cast<uintptr_t>(reinterpret_cast<string_function>(address)());
    std::string bytes;
    if (!read_string(text, limit, bytes)) {
      channel_.fail("ERR_TENON_BAD_POINTER", std::string(function) + " returned " + address_text(text) +
                                                 ", where no string can be read");
    }
    return bytes;
  }

  [[noreturn]] void refuse_vtable(const std::string &reason) {
    channel_.fail("ERR_TENON_BAD_VTABLE", reason);
  }

  void read_vtable(uintptr_t address, tenon_plugin &plugin) {
    const std::string at = "get_plugin returned " + address_text(address);
    if (address == 0) refuse_vtable("get_plugin returned NULL, expected the vtable");
    if (address % alignof(tenon_plugin) != 0) refuse_vtable(at + ", which is not aligned to 8 bytes");
    uint32_t size;
    if (!read_memory(address, &size, sizeof size)) refuse_vtable(at + ", which cannot be read");
    if (size < kSmallestVtable || size > kLargestVtable || size % alignof(tenon_plugin) != 0) {
      refuse_vtable("its size is " + std::to_string(size) + ", expected a multiple of 8 from " +
                    std::to_string(kSmallestVtable) + " to " + std::to_string(kLargestVtable));
    }
    unsigned char copy[kLargestVtable];
    if (!read_memory(address, copy, size))
      refuse_vtable(at + ", where " + std::to_string(size) + " bytes cannot be read");
    memcpy(&plugin, copy, sizeof plugin);
    if (plugin.size != size) refuse_vtable("its size changed while it was read");
  }

  void check_slot(const Slot &slot, uintptr_t address) {
    if (address == 0 && !slot.required) return;
    if (image_.is_code(address)) return;
    const std::string found = address == 0 ? "is NULL" : "points to " + image_.describe(address);
    refuse_vtable(std::string("its slot ") + slot.name + " " + found + ", expected code of this library");
  }

  // A slot that repeats an exported entry point has to say the same.
  void check_repeats(const char *name, string_function slot, uintptr_t exported, size_t limit,
                     const std::string &expected) {
    if (reinterpret_cast<uintptr_t>(slot) == exported) return;
    const auto text = reinterpret_cast<uintptr_t>(slot());
    std::string bytes;
    if (!read_string(text, limit, bytes)) {
      refuse_vtable(std::string("its slot ") + name + " returned " + address_text(text) +
                    ", where no string can be read");
    }
    if (bytes == expected) return;
    const std::string slot_says = std::string("its slot ") + name + " says " + quote(bytes);
    refuse_vtable(slot_says + ", the exported " + name + " " + quote(expected));
  }

  Channel &channel_;
  Image image_;
  uintptr_t get_version_ = 0, get_name_ = 0, get_plugin_ = 0;
  std::string version_, name_;
};

}  // namespace

int run(const char *file) {
  Channel channel;
  if (!channel.open()) {
    std::fputs("tenon-runner: probe is started by a host, with its channel on file descriptors 3 and 4\n",
               stderr);
    return 2;
  }
  const int host = channel.await_start();
  if (host == 0 || !confine(host)) return 1;
  Walk walk(channel);
  walk.open(file);
  walk.version();
  if (!channel.await_go()) return 1;
  walk.name();
  walk.vtable();
  channel.finish("done");
}

}  // namespace tenon::probe
