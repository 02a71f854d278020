#include "runner/probe.h"

#include <cstdio>
#include <set>
#include <string>

#include "plugin/gates.h"
#include "runner/probe_report.h"
#include "runner/probe_system.h"
#include "runner/standard_output.h"

namespace tenon::probe {
namespace {

// Formats the offsets of the slots in the library, which the host compares with its own inspection of the
// file.
std::string vtable_record(const Gates &gates) {
  const tenon_plugin &plugin = gates.vtable();
  std::string record = "vtable " + std::to_string(plugin.size) + " " + std::to_string(plugin.flags);
  const auto add = [&](auto slot) {
    const auto address = reinterpret_cast<uintptr_t>(slot);
    record += " " + AddressText(address == 0 ? 0 : gates.image().relative(address));
  };
  add(plugin.get_version), add(plugin.get_name), add(plugin.new_), add(plugin.drop), add(plugin.something);
  add(plugin.get_extension);
  return record;
}

class Walk {
 public:
  explicit Walk(Channel &channel) : channel_(channel) {}

  void open(const char *file) {
    channel_.send("stage open");
    const std::set<std::string> before = loaded_objects();
    const bool passed = gates_.Open(file);
    for (const std::string &path : loaded_objects()) {
      if (before.count(path) == 0 && path != file) channel_.send("loaded", path);
    }
    expect(passed);
  }

  void version() {
    channel_.send("stage version");
    expect(gates_.Version());
    channel_.send("version", gates_.version());
  }

  void name() {
    channel_.send("stage name");
    expect(gates_.Name());
    channel_.send("name", gates_.name());
  }

  void vtable() {
    channel_.send("stage vtable");
    expect(gates_.Vtable());
    channel_.send(vtable_record(gates_));
  }

 private:
  void expect(bool passed) {
    if (!passed) channel_.fail(gates_.refusal().code, gates_.refusal().message);
  }

  Channel &channel_;
  Gates gates_;
};

}  // namespace

int run(const char *file, const Limits &limits) {
  Channel channel;
  if (!channel.open()) {
    std::fputs("tenon-runner: probe is started by a host, with its channel on file descriptors 3 and 4\n",
               stderr);
    return 2;
  }
  const int host = channel.await_start();
  if (host == 0 || !end_with(host)) return 1;
  WriteLinesAtOnce();
  confine(file, limits);
  Walk walk(channel);
  walk.open(file);
  walk.version();
  if (!channel.await_go()) return 1;
  walk.name();
  walk.vtable();
  channel.finish("done");
}

}  // namespace tenon::probe
