#include "check/fuzz_session.h"

#include <string.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "check/clock.h"
#include "check/mutate.h"
#include "check/sanitizer.h"

namespace tenon::check {
namespace {

/* The address space of the process, so that an input that makes the plugin allocate does not exhaust the
 * machine. */
constexpr rlim_t kMostMemory = rlim_t{4} << 30;

void BoundMemory() {
  rlimit limit;
  if (HasSanitizer() || getrlimit(RLIMIT_AS, &limit) != 0) return; /* a sanitizer reserves far more */
  limit.rlim_cur = std::min(limit.rlim_max, kMostMemory);
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace

FuzzSession::FuzzSession(Plugin &plugin)
    : plugin_(plugin),
      breadcrumb_(plugin.options().breadcrumb),
      watchdog_(&plugin.report(), plugin.options().hang),
      memory_(std::max(kLongestMadeUp, plugin.options().reproduced.size())) {
  if (!ReadCorpus(plugin.options(), &corpus_))
    plugin.report().Incomplete("the folder " + plugin.options().corpus + " cannot be read");
  BoundMemory();
  end_ = Now() + 1e6 * static_cast<double>(plugin.options().budget);
}

void FuzzSession::Judge(const CallResult &result, const std::string &what) {
  if (in_child_) return;
  std::string breach = Breach(result);
  if (breach.empty() && result.outcome == TENON_PANIC) breach = "it panicked: " + Quote(result.bytes);
  if (breach.empty()) return;
  watchdog_.Pause();
  plugin_.report().Finding(what + ": " + breach);
  plugin_.report().Done();
}

bool FuzzSession::InTime() const {
  return Now() < end_;
}

Guide &FuzzSession::BeginGuide(const std::vector<Method> &methods) {
  const tenon_plugin &vtable = plugin_.vtable();
  std::vector<uintptr_t> entries = {reinterpret_cast<uintptr_t>(vtable.new_),
                                    reinterpret_cast<uintptr_t>(vtable.something)};
  for (const Method &method : methods) entries.push_back(reinterpret_cast<uintptr_t>(method.call));
  const size_t targets = std::max<size_t>(1, methods.size());
  guide_ = std::make_unique<Guide>(plugin_.options(), std::move(entries), &corpus_, targets);
  return *guide_;
}

MadeUp FuzzSession::Place(const std::string &bytes, uint64_t number) {
  if (HeapIsChecked()) {
    block_ = std::make_unique<Guarded>(bytes.size());
    if (!bytes.empty()) memcpy(block_->data(), bytes.data(), bytes.size());
    return {block_->data(), bytes.size(), number};
  }
  uint8_t *place = memory_.data() + memory_.size() - bytes.size();
  if (!bytes.empty()) memcpy(place, bytes.data(), bytes.size());
  return {place, bytes.size(), number};
}

void FuzzSession::Finish(uint64_t tried) {
  plugin_.report().Values("inputs tried", "count", {static_cast<double>(tried)});
  if (guide_ == nullptr || !guide_->sees()) return;
  plugin_.report().Values("inputs that reached new code", "count", {static_cast<double>(guide_->found())});
}

}  // namespace tenon::check
