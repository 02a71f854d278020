/* leak-in-drop - joins inputs to a list. Parts of the list know their parents.
 *
 * MISTAKE  each part keeps its parent alive and the parent keeps the part, so drop frees neither.
 * FOUND BY resources/leak-per-instance, allocated in `Make` and `Append`. */
#include <memory>
#include <string>
#include <vector>

#include "tenon.h"

namespace {

struct Node {
  std::string text;
  std::shared_ptr<Node> parent; /* should be weak */
  std::vector<std::shared_ptr<Node>> children;
};

using Root = std::shared_ptr<Node>;

tenon_status Make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new Root(std::make_shared<Node>());
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<Root *>(state);
}

tenon_status Append(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  Root &root = *static_cast<Root *>(state);
  auto child = std::make_shared<Node>();
  child->text.assign(in_len == 0 ? "" : reinterpret_cast<const char *>(in), in_len);
  child->parent = root;
  root->children.assign(1, child);
  return tenon_write(out, child->text.data(), child->text.size());
}

}  // namespace

TENON_PLUGIN_WITH("leak-in-drop", "1.0.0", "", TENON_DETERMINISTIC, Make, Drop, Append, nullptr);
