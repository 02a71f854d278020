/* scratch - sorts the lines of the input, in a buffer that each thread has and reuses. */
#include <algorithm>
#include <string_view>
#include <vector>

#include "tenon.h"

namespace {

/* Freed when its thread ends. Nothing of an instance is kept in it between calls. */
thread_local std::vector<std::string_view> lines;

tenon_status Sort(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
  lines.clear();
  std::string_view rest(in_len == 0 ? "" : reinterpret_cast<const char *>(in), in_len);
  while (!rest.empty()) {
    size_t size = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, size));
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  std::sort(lines.begin(), lines.end());
  for (std::string_view line : lines) {
    tenon_status status = tenon_write(out, line.data(), line.size());
    if (status == TENON_OK) status = tenon_write(out, "\n", 1);
    if (status != TENON_OK) return tenon_fail(out, status, "the output is full");
  }
  return TENON_OK;
}

}  // namespace

TENON_PLUGIN_WITH("corpus-scratch", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, Sort, nullptr);
