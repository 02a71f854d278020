/* stale-reference - splits an input into fields, and joins them with the longest one first.
 *
 * MISTAKE  the reference to the longest field dangles when the vector grows.
 * FOUND BY calls/heap or sanitize/address, in `Split`. */
#include <string>
#include <vector>

#include "tenon.h"

namespace {

std::string Split(const std::string &text, std::vector<std::string> &fields) {
  fields.push_back("");
  const std::string *longest = &fields.front();
  for (char c : text) {
    if (c == ' ') {
      if (fields.back().size() > longest->size()) longest = &fields.back();
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return *longest;
}

tenon_status Longest(void *, const uint8_t *in, size_t in_len, tenon_out *out) {
  std::string text(in_len == 0 ? "" : reinterpret_cast<const char *>(in), in_len);
  std::vector<std::string> fields;
  std::string longest = Split(text, fields);
  return tenon_write(out, longest.data(), longest.size());
}

}  // namespace

TENON_PLUGIN_WITH("stale-reference", "1.0.0", "", TENON_DETERMINISTIC, tenon_new_nothing, tenon_drop_nothing,
                  Longest, nullptr);
