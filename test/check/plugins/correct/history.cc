/* history - keeps the last 3000 inputs, and answers with the shortest of them. */
#include <algorithm>
#include <deque>
#include <string>

#include "tenon.h"

namespace {

constexpr size_t kMost = 3000;
constexpr size_t kLongest = 300;

using History = std::deque<std::string>;

tenon_status Make(const tenon_host *, const uint8_t *, size_t, void **state, tenon_out *) {
  *state = new History;
  return TENON_OK;
}

void Drop(void *state) {
  delete static_cast<History *>(state);
}

tenon_status Remember(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  History &history = *static_cast<History *>(state);
  size_t kept = std::min(in_len, kLongest);
  history.push_back(kept == 0 ? std::string() : std::string(reinterpret_cast<const char *>(in), kept));
  if (history.size() > kMost) history.pop_front();
  const std::string &shortest =
      *std::min_element(history.begin(), history.end(),
                        [](const std::string &a, const std::string &b) { return a.size() < b.size(); });
  return tenon_write(out, shortest.data(), shortest.size());
}

}  // namespace

TENON_PLUGIN("corpus-history", "1.0.0", Make, Drop, Remember);
