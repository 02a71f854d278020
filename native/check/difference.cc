#include "check/difference.h"

#include <algorithm>

namespace tenon::check {
namespace {

/* The bytes that are shown of a long result, and those of them that are before the difference. */
constexpr size_t kShown = 32, kBefore = 12;

size_t FirstDifference(const std::string &a, const std::string &b) {
  const size_t common = std::min(a.size(), b.size());
  size_t at = 0;
  while (at < common && a[at] == b[at]) at++;
  return at;
}

/* Quotes the bytes around `at`. */
std::string Around(const std::string &bytes, size_t at) {
  if (bytes.size() <= kShown) return Quote(bytes);
  const size_t from = std::min(at, bytes.size()) > kBefore ? std::min(at, bytes.size()) - kBefore : 0;
  const std::string part = Quote(bytes.substr(from, kShown));
  const std::string start = from == 0 ? "" : "…", end = from + kShown < bytes.size() ? "…" : "";
  return start + part + end + " (" + std::to_string(bytes.size()) + " bytes)";
}

std::string Shown(const CallResult &result, size_t at) {
  return std::to_string(result.status) + " with " + Around(result.bytes, at);
}

}  // namespace

std::string DifferenceOf(const CallResult &found, const CallResult &expected, const std::string &as) {
  const size_t at = FirstDifference(found.bytes, expected.bytes);
  const bool differ = found.bytes != expected.bytes;
  return "returned " + Shown(found, at) + ", expected " + Shown(expected, at) + " " + as +
         (differ ? "; the first difference is at byte " + std::to_string(at) : "");
}

}  // namespace tenon::check
