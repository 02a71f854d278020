#include "check/candidates.h"

#include <string.h>

#include <algorithm>
#include <utility>

namespace tenon::check {
namespace {

constexpr size_t kMostPlaces = 4; /* at which one value is replaced */
constexpr size_t kMost = 96;

using Bytes = std::vector<std::string>;

uint64_t NumberIn(const uint8_t *bytes) {
  uint64_t number;
  memcpy(&number, bytes, sizeof(number));
  return number;
}

std::string BytesOf(uint64_t number, size_t width, bool swapped) {
  std::string bytes(reinterpret_cast<const char *>(&number), width);
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

bool Fits(uint64_t number, size_t width) {
  return width == 8 || number >> 8 * width == 0;
}

/* Adds a variant for each place where `from` occurs. */
void Replace(const std::string &bytes, const std::string &from, const std::string &to, Bytes *made) {
  size_t at = bytes.find(from);
  for (size_t places = 0; at != std::string::npos && places < kMostPlaces; places++) {
    made->push_back(std::string(bytes).replace(at, from.size(), to));
    at = bytes.find(from, at + 1);
  }
}

/* A byte is often compared as a number of four bytes, so narrower places are tried too. */
void ReplaceNumber(const std::string &bytes, uint64_t from, uint64_t to, size_t size, Bytes *made) {
  for (size_t width = size; width >= 1 && Fits(from, width); width /= 2) {
    if (!Fits(to, width) || to == from) break;
    for (bool swapped : {false, true}) {
      if (swapped && width == 1) continue;
      Replace(bytes, BytesOf(from, width, swapped), BytesOf(to, width, swapped), made);
    }
  }
}

/* Adds variants with the value itself to `made`, and to `near` those with the numbers next to it, which are on
 * the other side of a limit. */
void ReplaceIn(const std::string &bytes, const Comparison &entry, Bytes *made, Bytes *near) {
  if (entry.number) {
    uint64_t one = NumberIn(entry.one), other = NumberIn(entry.other);
    ReplaceNumber(bytes, one, other, entry.size, made);
    ReplaceNumber(bytes, other, one, entry.size, made);
    for (uint64_t step : {uint64_t{1}, ~uint64_t{0}}) {
      ReplaceNumber(bytes, one, other + step, entry.size, near);
      ReplaceNumber(bytes, other, one + step, entry.size, near);
    }
    return;
  }
  std::string one(reinterpret_cast<const char *>(entry.one), entry.size);
  std::string other(reinterpret_cast<const char *>(entry.other), entry.size);
  Replace(bytes, one, other, made);
  Replace(bytes, other, one, made);
}

void Shuffle(Random &random, Bytes *all) {
  for (size_t i = all->size(); i > 1; i--) std::swap((*all)[i - 1], (*all)[random.Below(i)]);
}

}  // namespace

Bytes CandidatesFor(const std::string &bytes, const Trace &trace, Random &random) {
  Bytes made, near;
  for (size_t i = 0; i < trace.compared && made.size() < 8 * kMost; i++)
    ReplaceIn(bytes, trace.comparisons[i], &made, &near);
  Shuffle(random, &made);
  Shuffle(random, &near);
  made.insert(made.end(), near.begin(), near.end());
  if (made.size() > kMost) made.resize(kMost);
  return made;
}

Bytes ValuesIn(const Trace &trace) {
  Bytes values;
  for (size_t i = 0; i < trace.compared; i++) {
    const Comparison &entry = trace.comparisons[i];
    if (entry.size < 2) continue;
    for (const uint8_t *side : {entry.one, entry.other}) {
      size_t size = entry.size;
      if (entry.number && NumberIn(side) <= UINT8_MAX) continue;
      values.emplace_back(reinterpret_cast<const char *>(side), size);
    }
  }
  return values;
}

}  // namespace tenon::check
