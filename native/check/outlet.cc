#include "check/outlet.h"

#include <string.h>

#include <algorithm>
#include <new>

namespace tenon::check {
namespace {

/* The limit for `reserve`, which hosts have too. */
constexpr size_t kMost = 1u << 30;
/* The number of moves with exactly the requested room. After them the capacity doubles, so that a plugin that
 * writes each byte separately needs neither a mapping nor a copy of its result for each of them. */
constexpr size_t kExactMoves = 64;
/* The number of bytes that are filled. A larger output is filled only in part, because a plugin that reserves
 * far too much must not use up the memory of the machine. */
constexpr size_t kMostFilled = 16 << 20;

constexpr char kBefore[] = "It wrote or read before the start of its output";
constexpr char kBehind[] = "It wrote or read past the capacity of its output";
constexpr char kStale[] = "It used the old address of its output after reserve had moved it";

}  // namespace

Outlet::Outlet(const OutletPlan &plan) : plan_(plan), page_(sizeof(Handed), Guarded::kAtStart) {
  handed_ = new (page_.data()) Handed{{nullptr, 0, 0, Reserve}, this};
  Take(plan.capacity);
}

void Outlet::Take(size_t capacity) {
  auto block = std::make_unique<Guarded>(capacity, plan_.place);
  Fill(*block);
  block->Explain(kBefore, kBehind);
  tenon_out &out = handed_->out;
  if (block_ != nullptr) {
    if (out.len != 0) memcpy(block->data(), block_->data(), out.len);
    Guarded::Retire(std::move(block_), kStale);
  }
  block_ = std::move(block);
  out.data = block_->data();
  out.capacity = capacity;
}

/* Fills all bytes of a usual output. Those outside of the capacity are always filled. */
void Outlet::Fill(Guarded &block) {
  uint8_t *first = block.data(), *last = first + block.size();
  memset(block.begin(), plan_.fill, static_cast<size_t>(first - block.begin()));
  memset(first, plan_.fill, std::min(block.size(), kMostFilled));
  memset(last, plan_.fill, static_cast<size_t>(block.end() - last));
}

tenon_status Outlet::Reserve(tenon_out *out, size_t additional) {
  return reinterpret_cast<Handed *>(out)->outlet->Grow(additional);
}

tenon_status Outlet::Grow(size_t additional) {
  reserves_++;
  largest_ = std::max(largest_, additional);
  if (found_ == 0) found_ = Inspect();
  if (found_ != 0 || !plan_.reserves || additional > kMost) return TENON_NO_MEMORY;
  size_t capacity = std::max(handed_->out.capacity, handed_->out.len + additional);
  if (reserves_ > kExactMoves) {
    /* From here on the output moves only when it is full. */
    if (additional <= handed_->out.capacity - handed_->out.len) return TENON_OK;
    capacity = std::max(capacity, 2 * handed_->out.capacity);
  }
  Take(capacity);
  return TENON_OK;
}

CallResult Outlet::End(tenon_status status) {
  if (found_ == 0) found_ = Inspect();
  const bool known = status >= TENON_OK && status <= TENON_CLOSED;
  CallResult result;
  result.status = status;
  result.outcome = found_ != 0 ? found_ : known ? status : kBadStatus;
  if (found_ == 0) result.bytes.assign(reinterpret_cast<const char *>(block_->data()), handed_->out.len);
  bool failed = result.outcome > TENON_OK;
  if (failed && !IsUtf8(block_->data(), handed_->out.len)) result.outcome = kNotText;
  if (breach_.empty()) breach_ = Breach(result);
  return result;
}

int32_t Outlet::Inspect() {
  const tenon_out &out = handed_->out;
  if (out.data != block_->data() || out.capacity != block_->size() || out.reserve != Reserve)
    return kTampered;
  if (out.len > out.capacity) return kBadLength;
  if (!Untouched(block_->data() + block_->size(), block_->end())) return kOverrun;
  if (Untouched(block_->begin(), block_->data())) return 0;
  breach_ = "it wrote before the start of its output";
  return kOverrun;
}

bool Outlet::Untouched(const uint8_t *from, const uint8_t *to) const {
  return std::all_of(from, to, [this](uint8_t byte) { return byte == plan_.fill; });
}

void Outlet::Forbid(const char *finding) {
  block_->Forbid(finding);
  page_.Forbid(finding);
}

}  // namespace tenon::check
