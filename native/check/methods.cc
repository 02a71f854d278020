#include "check/methods.h"

#include "plugin/method_table.h"
#include "check/kinds.h"

namespace tenon::check {

std::vector<Method> MethodsOf(Plugin &plugin) {
  std::vector<Method> methods;
  for (const Kind &kind : StatedKinds(plugin)) {
    if (plugin.vtable().get_extension == nullptr) break;
    plugin.report().Stage("get_extension(" + Quote(kind.id) + ")");
    uintptr_t table = reinterpret_cast<uintptr_t>(plugin.vtable().get_extension(kind.id.c_str()));
    std::vector<uintptr_t> functions;
    Refusal refusal;
    if (!ReadMethodTable(plugin.gates().image(), kind.id, table, &functions, &refusal)) continue;
    for (size_t i = 0; i < functions.size(); i++) {
      std::string name = "method " + std::to_string(i) + " of " + kind.id;
      methods.push_back({name, kind.id, i, reinterpret_cast<tenon_method>(functions[i])});
    }
  }
  return methods;
}

std::vector<Method> RequireMethods(Plugin &plugin) {
  (void)RequireKinds(plugin);
  std::vector<Method> methods = MethodsOf(plugin);
  if (methods.empty()) plugin.report().Skip("its kinds have no methods");
  return methods;
}

}  // namespace tenon::check
