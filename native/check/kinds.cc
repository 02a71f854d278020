#include "check/kinds.h"

#include <string.h>

#include "plugin/memory.h"

namespace tenon::check {

std::string TextOf(const char *field, size_t size) {
  return std::string(field, strnlen(field, size));
}

bool ReadDescriptor(Plugin &plugin, tenon_descriptor_t *descriptor) {
  return probe::read_memory(plugin.gates().image().symbol("tenon_descriptor"), descriptor,
                            sizeof(*descriptor));
}

std::vector<Kind> StatedKinds(Plugin &plugin) {
  std::vector<Kind> kinds;
  tenon_descriptor_t descriptor;
  if (!ReadDescriptor(plugin, &descriptor)) return kinds;
  std::string list = TextOf(descriptor.kinds, sizeof(descriptor.kinds));
  for (size_t at = 0; at < list.size();) {
    std::string stated = list.substr(at, list.find(';', at) - at);
    kinds.push_back({stated, stated.substr(0, stated.find('.'))});
    at += stated.size() + 1;
  }
  return kinds;
}

std::vector<Kind> RequireKinds(Plugin &plugin) {
  std::vector<Kind> kinds = StatedKinds(plugin);
  if (kinds.empty()) plugin.report().Skip("the descriptor lists no kinds");
  return kinds;
}

}  // namespace tenon::check
