/* An output whose host-defined properties can be chosen, and which detects misuse. */
#ifndef TENON_CHECK_OUTLET_H
#define TENON_CHECK_OUTLET_H

#include <memory>
#include <string>

#include "check/guarded.h"
#include "check/plugin.h"
#include "tenon.h"

namespace tenon::check {

struct OutletPlan {
  /* The initial capacity. The byte after it is inaccessible, or the byte before `data` with kAtStart. */
  size_t capacity = 1024;
  Guarded::Place place = Guarded::kAtEnd;
  /* Whether `reserve` works or always fails. When it works it provides the requested room at a new address, and
   * makes the old memory inaccessible. The first moves provide exactly that room, and later ones more. */
  bool reserves = true;
  /* The byte that fills the memory. */
  uint8_t fill = 0xc7;
};

/* The output of one call. Must not move: the plugin holds its address. */
class Outlet {
 public:
  explicit Outlet(const OutletPlan &plan);
  Outlet(const Outlet &) = delete;
  Outlet &operator=(const Outlet &) = delete;

  tenon_out *Begin() { return &handed_->out; }
  /* Evaluates the call as a host does. */
  CallResult End(tenon_status status);
  /* The breach of the contract, worded as by Breach. Empty if there was none. */
  const std::string &breach() const { return breach_; }

  /* The number of calls of `reserve`, and the largest amount requested. */
  size_t reserves() const { return reserves_; }
  size_t largest_reserve() const { return largest_; }

  /* Makes all memory of the output inaccessible. */
  void Forbid(const char *finding);

 private:
  /* The object that the plugin receives. It has a page of its own. */
  struct Handed {
    tenon_out out;
    Outlet *outlet;
  };

  static tenon_status Reserve(tenon_out *out, size_t additional);
  tenon_status Grow(size_t additional);
  void Take(size_t capacity);
  void Fill(Guarded &block);
  /* Returns 0, or an Outcome of output.h. */
  int32_t Inspect();
  bool Untouched(const uint8_t *from, const uint8_t *to) const;

  const OutletPlan plan_;
  Guarded page_;
  Handed *handed_;
  std::unique_ptr<Guarded> block_;
  size_t reserves_ = 0, largest_ = 0;
  int32_t found_ = 0;
  std::string breach_;
};

}  // namespace tenon::check

#endif
