/* Scenarios of group `calls` about the methods of kinds. */
#include "../method_table.h"
#include "clock.h"
#include "kinds.h"
#include "scenarios.h"
#include "trial.h"

namespace tenon::check {
namespace {

/* What all calls may take together, in milliseconds. */
constexpr uint64_t kEnough = 10000;

struct Method {
  std::string name;
  tenon_method function;
};

/* Those of all kinds: that their tables can be used was checked before. */
std::vector<Method> MethodsOf(Plugin &plugin) {
  std::vector<Method> methods;
  for (const Kind &kind : RequireKinds(plugin)) {
    plugin.report().Stage("get_extension(" + Quote(kind.id) + ")");
    uintptr_t table = reinterpret_cast<uintptr_t>(plugin.vtable().get_extension(kind.id.c_str()));
    std::vector<uintptr_t> functions;
    Refusal refusal;
    if (!ReadMethodTable(plugin.gates().image(), kind.id, table, &functions, &refusal)) continue;
    for (uintptr_t function : functions) {
      std::string name = "method " + std::to_string(methods.size()) + " of " + kind.id;
      methods.push_back({name, reinterpret_cast<tenon_method>(function)});
    }
  }
  return methods;
}

void Methods(Plugin &plugin) {
  Trial &trial = *new Trial(plugin);
  Budget budget(kEnough);
  for (const Method &method : MethodsOf(plugin)) {
    if (budget.spent()) return;
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
  Budget budget(kEnough);
  for (const Method &method : MethodsOf(plugin)) {
    trial.UseMethod(method.function);
    Guarded &input = LastingGuarded(std::string(kMost, '\0'));
    for (size_t length = 0; length <= kMost; length++) {
      if (budget.spent()) return;
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
