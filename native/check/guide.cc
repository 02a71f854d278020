#include "check/guide.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "check/candidates.h"
#include "check/mutate.h"

namespace tenon::check {
namespace {

constexpr size_t kMostFound = 4096;
constexpr size_t kMostValues = 4096;
constexpr size_t kMostWaiting = 512;
constexpr size_t kLongestKept = 64 << 10;

/* Returns one bit for a number of runs of an edge: 1, 2, 3, up to 7, 15, 31, 127, and more. American Fuzzy Lop
 * has the same classes. */
uint8_t ClassOf(uint8_t count) {
  constexpr uint8_t kLast[] = {1, 2, 3, 7, 15, 31, 127};
  size_t kind = 0;
  while (kind < std::size(kLast) && count > kLast[kind]) kind++;
  return static_cast<uint8_t>(1 << kind);
}

/* FNV-1a, for the name of a file. */
uint64_t HashOf(const std::string &bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace

Guide::Guide(const Options &options, std::vector<uintptr_t> entries, Corpus *corpus, uint64_t targets)
    : options_(options), corpus_(corpus), seen_(Trace::kEdges), candidates_(targets) {
  CodeRange code = FindCode(entries.front());
  SetTraceBase(code.base);
  stepper_ = std::make_unique<Stepper>(code, std::move(entries));
}

bool Guide::sees() const {
  return ReportsEdges() || stepper_->works();
}

bool Guide::Next(uint64_t target, std::string *bytes) {
  std::deque<std::string> &waiting = candidates_[target];
  if (waiting.empty()) return false;
  *bytes = std::move(waiting.front());
  waiting.pop_front();
  return true;
}

void Guide::Watch(uint64_t target, uint64_t number, const std::string &bytes, bool due,
                  const std::function<void(bool in_child)> &attempt) {
  const bool reports = ReportsEdges() || ReportsComparisons();
  Trace &trace = CurrentTrace();
  auto step = [&]() -> const Trace & { return stepper_->Run([&] { attempt(true); }); };
  if (!ReportsEdges() && due && sees()) {
    const Trace &steps = step();
    if (IsNew(steps)) Add(number, bytes);
    AddCandidates(target, number, bytes, steps);
  }
  if (!reports) return attempt(false);
  trace.Clear();
  CollectCounters(&trace);
  trace.Clear();
  attempt(false);
  CollectCounters(&trace);
  const bool is_new = ReportsEdges() && IsNew(trace);
  if (is_new) Add(number, bytes);
  if (!is_new && !due) return;
  AddCandidates(target, number, bytes, trace);
  /* The plugin reports no comparisons in functions of the C library, and perhaps none at all. */
  if (is_new && stepper_->works()) AddCandidates(target, number, bytes, step());
}

bool Guide::IsNew(const Trace &trace) {
  bool is_new = false;
  for (size_t i = 0; i < Trace::kEdges; i += sizeof(uint64_t)) {
    uint64_t eight;
    memcpy(&eight, trace.edges + i, sizeof(eight));
    if (eight == 0) continue;
    for (size_t k = i; k < i + sizeof(eight); k++) {
      uint8_t kind = trace.edges[k] == 0 ? 0 : ClassOf(trace.edges[k]);
      is_new = is_new || (kind & ~seen_[k]) != 0;
      seen_[k] = static_cast<uint8_t>(seen_[k] | kind);
    }
  }
  return is_new;
}

void Guide::Add(uint64_t number, const std::string &bytes) {
  found_++;
  if (number < corpus_->examples.size() || corpus_->found.size() >= kMostFound) return;
  corpus_->found.push_back(bytes);
  if (!options_.kept.empty() && bytes.size() <= kLongestKept) Keep(bytes);
}

void Guide::AddCandidates(uint64_t target, uint64_t number, const std::string &bytes, const Trace &trace) {
  std::deque<std::string> &waiting = candidates_[target];
  Random random(options_.seed, ~number);
  for (std::string &made : CandidatesFor(bytes, trace, random)) {
    if (waiting.size() < kMostWaiting && made.size() <= kLongestMadeUp) waiting.push_back(std::move(made));
  }
  for (const std::string &value : ValuesIn(trace)) {
    if (values_.size() < kMostValues && values_.insert(value).second) corpus_->compared.push_back(value);
  }
}

/* Writes a file whose name is derived from its contents. It appears there complete. */
void Guide::Keep(const std::string &bytes) const {
  char name[32];
  snprintf(name, sizeof(name), "/%016llx", static_cast<unsigned long long>(HashOf(bytes)));
  std::string path = options_.kept + name, partial = options_.kept + "/.partial";
  int file = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  bool whole = write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  close(file);
  if (!whole || rename(partial.c_str(), path.c_str()) != 0) unlink(partial.c_str());
}

}  // namespace tenon::check
