/* Scenarios of group `calls` about the methods of kinds. */
#include <string.h>

#include <algorithm>

#include "../probe/memory.h"
#include "scenarios.h"
#include "trial.h"

namespace tenon::check {
namespace {

constexpr uint32_t kMostMethods = 256;

struct Method {
  std::string name;
  tenon_method function;
};

/* "codec/1", as a host asks for "codec/1.0.0". */
std::vector<std::string> KindIds(Plugin &plugin) {
  tenon_descriptor_t descriptor = {};
  uintptr_t address = plugin.gates().image().symbol("tenon_descriptor");
  std::vector<std::string> ids;
  if (!plugin.gates().image().owns(address) || !probe::read_memory(address, &descriptor, sizeof(descriptor)))
    return ids;
  std::string kinds(descriptor.kinds, strnlen(descriptor.kinds, sizeof(descriptor.kinds)));
  for (size_t from = 0; from < kinds.size();) {
    size_t to = std::min(kinds.find(';', from), kinds.size());
    std::string kind = kinds.substr(from, to - from);
    size_t dot = kind.find('.', std::min(kind.find('/'), kind.size()));
    if (!kind.empty()) ids.push_back(kind.substr(0, dot));
    from = to + 1;
  }
  return ids;
}

/* Those whose table can be used: what is wrong with the others is for the checks of the ABI. */
std::vector<Method> MethodsOf(Plugin &plugin) {
  std::vector<Method> methods;
  std::vector<std::string> ids = KindIds(plugin);
  if (ids.empty()) plugin.report().Skip("it has no methods of kinds");
  for (const std::string &id : ids) {
    if (plugin.vtable().get_extension == nullptr) break;
    plugin.report().Stage("get_extension for " + id);
    uintptr_t table = reinterpret_cast<uintptr_t>(plugin.vtable().get_extension(id.c_str()));
    struct {
      uint32_t size, count;
    } header = {};
    if (!probe::read_memory(table, &header, sizeof(header)) || header.size < sizeof(header)) continue;
    size_t count = std::min({header.count, kMostMethods,
                             static_cast<uint32_t>((header.size - sizeof(header)) / sizeof(uintptr_t))});
    for (size_t slot = 0; slot < count; slot++) {
      uintptr_t function = 0;
      uintptr_t place = table + sizeof(header) + slot * sizeof(function);
      if (!probe::read_memory(place, &function, sizeof(function))) continue;
      if (!plugin.gates().image().is_code(function)) continue;
      methods.push_back(
          {"method " + std::to_string(slot) + " of " + id, reinterpret_cast<tenon_method>(function)});
    }
  }
  if (methods.empty()) plugin.report().Skip("its kinds have no methods that could be called");
  return methods;
}

void Methods(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  for (const Method &method : MethodsOf(plugin)) {
    trial.UseMethod(method.function);
    trial.Call("call of " + method.name + " with an empty input", "");
    trial.Call("call of " + method.name + " with the usual input", trial.usual());
    trial.Call("call of " + method.name + " with 8 NUL bytes", std::string(8, '\0'));
    trial.Call("call of " + method.name + " with 64 bytes of 0xff", std::string(64, '\xff'));
  }
}

void RecordLength(Plugin &plugin) {
  constexpr size_t kMost = 64;
  Trial &trial = *new Trial(plugin);
  for (const Method &method : MethodsOf(plugin)) {
    trial.UseMethod(method.function);
    Guarded &input = LastingGuarded(std::string(kMost, '\0'));
    for (size_t length = 0; length <= kMost; length++) {
      Outlet outlet({});
      trial.Call("call of " + method.name + " with an input of " + std::to_string(length) + " bytes",
                 input.data() + kMost - length, length, outlet);
    }
  }
}

}  // namespace

const ScenarioEntry kCallMethodScenarios[] = {
    {"calls/methods", Methods},
    {"calls/record-length", RecordLength},
    {nullptr, nullptr},
};

}  // namespace tenon::check
