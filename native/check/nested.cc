#include "check/nested.h"

#include <string.h>

#include <algorithm>

namespace tenon::check {
namespace {

constexpr char kOpening[] = "([{<", kClosing[] = ")]}>";
/* The pairs of the input that are used, and the bytes of it that are searched. */
constexpr size_t kMostPairs = 6;
constexpr size_t kMostSearched = 4096;

/* A pair of brackets in an input. */
struct Pair {
  size_t open, close;
};

/* Returns the pairs, the outer ones first. Characters that only look like brackets make wrong pairs, which do no harm. */
std::vector<Pair> PairsIn(const std::string &input) {
  std::vector<Pair> pairs;
  std::vector<size_t> open;
  for (size_t at = 0; at < std::min(input.size(), kMostSearched); at++) {
    if (input[at] == '\0') continue;
    if (strchr(kOpening, input[at]) != nullptr) open.push_back(at);
    const char *closing = strchr(kClosing, input[at]);
    if (closing == nullptr || open.empty() || input[open.back()] != kOpening[closing - kClosing]) continue;
    pairs.push_back({open.back(), at});
    open.pop_back();
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair &a, const Pair &b) { return a.open < b.open; });
  return pairs;
}

/* Repeats what is between the beginning of an outer pair and that of an inner one: `{"a":[` of `{"a":[1]}`. */
Nesting Repeated(const std::string &input, const Pair &outer, const Pair &inner) {
  return {input.substr(outer.open, inner.open - outer.open),
          input.substr(inner.open, inner.close + 1 - inner.open),
          input.substr(inner.close + 1, outer.close - inner.close)};
}

}  // namespace

std::string Nesting::Of(size_t depth) const {
  std::string input;
  input.reserve(depth * (open.size() + close.size()) + core.size());
  for (size_t i = 0; i < depth; i++) input += open;
  input += core;
  for (size_t i = 0; i < depth; i++) input += close;
  return input;
}

std::vector<Nesting> NestingsOf(const std::string &input) {
  std::vector<Nesting> all;
  const std::vector<Pair> pairs = PairsIn(input);
  for (size_t i = 0; i < pairs.size() && all.size() < kMostPairs; i++) {
    const Pair &outer = pairs[i];
    for (size_t k = i + 1; k < pairs.size() && all.size() < kMostPairs; k++)
      if (pairs[k].close < outer.close && input[pairs[k].open] == input[outer.open])
        all.push_back(Repeated(input, outer, pairs[k]));
    const std::string core = input.substr(outer.open + 1, outer.close - outer.open - 1);
    if (all.size() < kMostPairs)
      all.push_back({input.substr(outer.open, 1), core, input.substr(outer.close, 1)});
  }
  for (const Nesting &one : {Nesting{"(", "1", ")"}, Nesting{"[", "1", "]"}, Nesting{"{", "", "}"},
                             Nesting{"{\"a\":", "1", "}"}, Nesting{"<a>", "x", "</a>"}, Nesting{"-", "1", ""},
                             Nesting{"(", input, ")"}, Nesting{"[", input, "]"}, Nesting{"\"", "", "\""}})
    all.push_back(one);
  return all;
}

}  // namespace tenon::check
