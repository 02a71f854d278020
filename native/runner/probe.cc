#include "runner/probe.h"

#include <link.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <set>
#include <string>

#include "plugin/gates.h"
#include "runner/probe_report.h"
#include "runner/sandbox.h"

namespace tenon::probe {
namespace {

// Ends this process with its host. Returns false if the host is gone.
bool end_with(int host) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == host;  // otherwise the host ended before the line above took effect
}

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

// Returns the paths of the objects in this process. The host compares those of the plugin with what it admitted.
std::set<std::string> loaded_objects() {
  std::set<std::string> paths;
  const auto visit = [](dl_phdr_info *info, size_t, void *data) {
    static_cast<std::set<std::string> *>(data)->insert(info->dlpi_name == nullptr ? "" : info->dlpi_name);
    return 0;
  };
  dl_iterate_phdr(visit, &paths);
  return paths;
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
  // Line buffering, so that the plugin's output before a crash is not lost without a terminal.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  ApplyLimits(limits, 0);
  if (limits.sandbox) EnterSandbox(file, limits);
  Walk walk(channel);
  walk.open(file);
  walk.version();
  if (!channel.await_go()) return 1;
  walk.name();
  walk.vtable();
  channel.finish("done");
}

}  // namespace tenon::probe
