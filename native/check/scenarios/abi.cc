/* Scenarios of group `abi`: the entry points and the vtable. */
#include "plugin/memory.h"
#include "check/clock.h"
#include "check/crash_record.h"
#include "check/on_thread.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr size_t kLongestName = 63;
constexpr size_t kLongestText = 256;
constexpr uint32_t kKnownFlags = TENON_THREAD_SAFE | TENON_SINGLETON | TENON_DETERMINISTIC;

using StringFunction = const char *(*)();

void LoadOnly(Plugin &plugin) {
  plugin.report().Stage("loading the library");
  plugin.Expect(plugin.gates().Open(plugin.options().file.c_str()));
  SetCrashCode(plugin.gates().entry());
}

void Load(Plugin &plugin) {
  LoadOnly(plugin);
}

void Version(Plugin &plugin) {
  LoadOnly(plugin);
  plugin.report().Stage("get_version");
  plugin.Expect(plugin.gates().Version());
  const std::string &version = plugin.gates().version();
  if (version != TENON_ABI_VERSION)
    plugin.report().Finding("get_version returned " + Quote(version) +
                            ", expected \"" TENON_ABI_VERSION "\"");
}

bool IsName(const std::string &text) {
  if (text.empty() || text.size() > kLongestName) return false;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

void Name(Plugin &plugin) {
  LoadOnly(plugin);
  plugin.report().Stage("get_name");
  plugin.Expect(plugin.gates().Version() && plugin.gates().Name());
  const std::string &name = plugin.gates().name();
  if (!IsName(name))
    plugin.report().Finding("get_name returned " + Quote(name) +
                            ", expected 1 to 63 characters of A-Z a-z 0-9 . _ -");
}

void Vtable(Plugin &plugin) {
  plugin.Load();
}

void Flags(Plugin &plugin) {
  plugin.Load();
  uint32_t unknown = plugin.vtable().flags & ~kKnownFlags;
  if (unknown != 0)
    plugin.report().Finding("The vtable has the flags " + AddressText(plugin.vtable().flags) +
                            ", of which tenon.h defines only " + AddressText(kKnownFlags));
}

/* Checks that a function keeps returning the string that it returned first, and that this string does not
 * change. */
class Statement {
 public:
  Statement(Plugin &plugin, const char *name, StringFunction function)
      : plugin_(plugin), name_(name), function_(function), first_(Ask()), first_text_(TextAt(first_)) {}

  /* `when` ends the sentence: "after new". */
  void Hold(const char *when) {
    constexpr int kOften = 50;
    Budget budget(100);
    for (int i = 0; i < kOften && !budget.spent(); i++) {
      if (!Expect(TextAt(Ask()), " returned ", when)) return;
    }
    Expect(TextAt(first_), "'s first answer reads ", when);
  }

 private:
  uintptr_t Ask() { return reinterpret_cast<uintptr_t>(function_()); }

  static std::string TextAt(uintptr_t address) {
    std::string text;
    return probe::read_string(address, kLongestText, text) ? Quote(text) : AddressText(address);
  }

  bool Expect(const std::string &text, const char *verb, const char *when) {
    if (text == first_text_) return true;
    plugin_.report().Finding(name_ + verb + text + " " + when + ", expected " + first_text_ + " as before");
    return false;
  }

  Plugin &plugin_;
  std::string name_;
  StringFunction function_;
  uintptr_t first_;
  std::string first_text_;
};

StringFunction Exported(Plugin &plugin, const char *name) {
  return reinterpret_cast<StringFunction>(plugin.gates().image().symbol(name));
}

void StableStrings(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  report.Stage("get_version and get_name, repeatedly");
  Statement statements[] = {
      {plugin, "get_version", Exported(plugin, "get_version")},
      {plugin, "get_name", Exported(plugin, "get_name")},
      {plugin, "The vtable's get_version", plugin.vtable().get_version},
      {plugin, "The vtable's get_name", plugin.vtable().get_name},
  };
  const auto hold = [&](const char *when) {
    for (Statement &statement : statements) {
      if (report.findings() == 0) statement.Hold(when);
    }
  };
  hold("when it was called again");
  report.Stage("get_version and get_name on another thread");
  OnThreads(1, [&](size_t) { hold("on another thread"); });
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  report.Stage("get_version and get_name after new");
  hold("after new");
  report.Stage("drop");
  instance.Drop();
  report.Stage("get_version and get_name after drop");
  hold("after drop");
}

/* The bytes of the vtable, and their address. */
struct Seen {
  uintptr_t address;
  std::string bytes;
};

Seen SeeVtable(Plugin &plugin) {
  using PluginFunction = const tenon_plugin *(*)();
  auto get_plugin = reinterpret_cast<PluginFunction>(plugin.gates().image().symbol("get_plugin"));
  Seen seen{reinterpret_cast<uintptr_t>(get_plugin()), std::string(plugin.vtable().size, '\0')};
  if (!probe::read_memory(seen.address, &seen.bytes[0], seen.bytes.size())) seen.bytes.clear();
  return seen;
}

void ConstantVtable(Plugin &plugin) {
  plugin.Load();
  Report &report = plugin.report();
  report.Stage("get_plugin");
  const Seen first = SeeVtable(plugin);
  const auto hold = [&](const std::string &when) {
    report.Stage("get_plugin after " + when);
    Seen now = SeeVtable(plugin);
    if (now.address != first.address) {
      report.Finding("get_plugin returned " + AddressText(now.address) + " after " + when + ", expected " +
                     AddressText(first.address) + " as before");
    } else if (now.bytes != first.bytes) {
      report.Finding("The bytes of the vtable have changed after " + when);
    }
    if (report.findings() > 0) report.Done();
  };
  hold("get_plugin");
  Host &host = *new Host;
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  hold("new");
  report.Stage("call with the usual input");
  instance.Call(plugin.options().input());
  hold("a call");
  report.Stage("drop");
  instance.Drop();
  hold("drop");
}

}  // namespace

const ScenarioEntry kAbiScenarios[] = {
    {"abi/load", Load},
    {"abi/version", Version},
    {"abi/name", Name},
    {"abi/vtable", Vtable},
    {"abi/flags", Flags},
    {"abi/stable-strings", StableStrings},
    {"abi/constant-vtable", ConstantVtable},
    {nullptr, nullptr},
};

}  // namespace tenon::check
