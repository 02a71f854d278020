/* Scenarios of group `abi`: the descriptor and get_extension. */
#include <algorithm>
#include <random>

#include "plugin/method_table.h"
#include "check/clock.h"
#include "check/guarded.h"
#include "check/kinds.h"
#include "check/on_thread.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

void Descriptor(Plugin &plugin) {
  plugin.Load();
  tenon_descriptor_t stated;
  if (!ReadDescriptor(plugin, &stated)) {
    plugin.report().Finding(
        "The symbol tenon_descriptor does not point to a descriptor in the loaded library");
    return;
  }
  const auto same = [&](const char *what, const std::string &descriptor, const std::string &found) {
    if (descriptor == found) return;
    plugin.report().Finding(std::string("The descriptor states the ") + what + " " + descriptor +
                            ", the loaded library says " + found);
  };
  const tenon_plugin &vtable = plugin.vtable();
  std::string abi = std::to_string(stated.abi_major) + "." + std::to_string(stated.abi_minor) + "." +
                    std::to_string(stated.abi_patch);
  same("ABI version", Quote(abi), Quote(plugin.gates().version()));
  same("name", Quote(TextOf(stated.name, sizeof(stated.name))), Quote(plugin.gates().name()));
  same("vtable size", std::to_string(stated.vtable_size), std::to_string(vtable.size));
  same("flags", AddressText(stated.flags), AddressText(vtable.flags));
}

void Kinds(Plugin &plugin) {
  plugin.Load();
  for (const Kind &kind : RequireKinds(plugin)) {
    auto get_extension = plugin.vtable().get_extension;
    plugin.report().Stage("get_extension(" + Quote(kind.id) + ")");
    if (get_extension != nullptr && get_extension(kind.id.c_str()) != nullptr) continue;
    std::string found =
        get_extension == nullptr ? "the slot get_extension is NULL" : "get_extension returned NULL";
    plugin.report().Finding("The descriptor lists " + Quote(kind.stated) + ", and " + found + " for " +
                            Quote(kind.id));
  }
}

void KindTables(Plugin &plugin) {
  plugin.Load();
  auto get_extension = plugin.vtable().get_extension;
  for (const Kind &kind : RequireKinds(plugin)) {
    plugin.report().Stage("get_extension(" + Quote(kind.id) + ")");
    const auto ask = [&] { return reinterpret_cast<uintptr_t>(get_extension(kind.id.c_str())); };
    uintptr_t first = ask(), second = ask(), elsewhere = 0;
    OnThreads(1, [&](size_t) { elsewhere = ask(); });
    if (second != first || elsewhere != first) {
      plugin.report().Finding("get_extension returned " + AddressText(first) + " for " + Quote(kind.id) +
                              ", then " + AddressText(second == first ? elsewhere : second) +
                              ", expected one table in static storage");
      continue;
    }
    std::vector<uintptr_t> methods;
    Refusal refusal;
    if (!ReadMethodTable(plugin.gates().image(), kind.id, first, &methods, &refusal)) {
      plugin.report().Finding(refusal.message);
    } else if (methods.empty()) {
      plugin.report().Finding("The method table '" + kind.id + "' has no methods");
    }
  }
}

std::string RandomId(std::mt19937_64 &random) {
  std::string id(random() % 40, ' ');
  for (char &c : id) c = static_cast<char>('!' + random() % 94);
  return id;
}

/* Returns ids that are almost the id of a kind. The same name with another number is not among them: the
 * plugin may have that kind too. */
std::vector<std::string> NearlyIds(const std::string &id) {
  size_t slash = id.find('/');
  std::string name = id.substr(0, slash), major = id.substr(slash + 1);
  std::vector<std::string> ids = {
      id + "x",
      id + " ",
      " " + id,
      id + ".0.0",
      id + "/",
      id + "\n",
      id + "\1",
      name,
      name + "/",
      name + "/0" + major,
      name + "x/" + major,
      "x" + id,
  };
  std::string other = id;
  for (char &c : other) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
    else if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  }
  if (other != id) ids.push_back(other);
  return ids;
}

std::vector<std::string> UnknownIds(Plugin &plugin) {
  constexpr int kRandomIds = 64;
  std::vector<std::string> ids = {"", "/", "/1", std::string(4000, 'x')};
  std::vector<Kind> kinds = StatedKinds(plugin);
  for (const Kind &kind : kinds) {
    for (std::string &id : NearlyIds(kind.id)) ids.push_back(std::move(id));
  }
  std::mt19937_64 random(plugin.options().seed);
  for (int i = 0; i < kRandomIds; i++) ids.push_back(RandomId(random));
  const auto known = [&](const std::string &id) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const Kind &kind) { return kind.id == id; });
  };
  ids.erase(std::remove_if(ids.begin(), ids.end(), known), ids.end());
  return ids;
}

void UnknownExtensions(Plugin &plugin) {
  plugin.Load();
  auto get_extension = plugin.vtable().get_extension;
  if (get_extension == nullptr) plugin.report().Skip("the plugin has no get_extension");
  Budget budget(1000);
  for (const std::string &id : UnknownIds(plugin)) {
    if (budget.spent()) return;
    plugin.report().Stage("get_extension(" + Quote(id) + ")");
    /* Reading past the NUL raises a signal. */
    Guarded memory(id.size() + 1);
    memcpy(memory.data(), id.c_str(), memory.size());
    const void *answer = get_extension(reinterpret_cast<const char *>(memory.data()));
    if (answer == nullptr) continue;
    plugin.report().Finding("get_extension returned " + AddressText(reinterpret_cast<uintptr_t>(answer)) +
                            " for " + Quote(id) + ", expected NULL for an id of no extension");
  }
}

}  // namespace

const ScenarioEntry kExtensionScenarios[] = {
    {"abi/descriptor", Descriptor},
    {"abi/kinds", Kinds},
    {"abi/kind-tables", KindTables},
    {"abi/unknown-extensions", UnknownExtensions},
    {nullptr, nullptr},
};

}  // namespace tenon::check
