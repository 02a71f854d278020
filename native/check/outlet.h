/* An output as a host may have it, with everything chosen that a host is free to choose, and watched. */
#ifndef TENON_CHECK_OUTLET_H
#define TENON_CHECK_OUTLET_H

#include <memory>
#include <string>

#include "check/guarded.h"
#include "check/plugin.h"
#include "tenon.h"

namespace tenon::check {

struct OutletPlan {
  /* What the call begins with. The byte behind it is forbidden, or the one before `data` if `place` says so.
   */
  size_t capacity = 1024;
  Guarded::Place place = Guarded::kAtEnd;
  /* Otherwise `reserve` always fails. When it works it makes just as much room as it was asked for, always in
   * another place, and forbids the old one. */
  bool reserves = true;
  /* With what the memory is filled. */
  uint8_t fill = 0xc7;
};

/* For one call. Must not move: the plugin knows its address. */
class Outlet {
 public:
  explicit Outlet(const OutletPlan &plan);
  Outlet(const Outlet &) = delete;
  Outlet &operator=(const Outlet &) = delete;

  tenon_out *Begin() { return &handed_->out; }
  /* Judges the call as a host does. */
  CallResult End(tenon_status status);
  /* What was wrong with it, as Breach has it; empty if nothing. */
  const std::string &breach() const { return breach_; }

  /* How often, and for how much at most, `reserve` was called. */
  size_t reserves() const { return reserves_; }
  size_t largest_reserve() const { return largest_; }

  /* From now on nobody may touch any of it. */
  void Forbid(const char *finding);

 private:
  /* What the plugin gets lies in a page of its own. */
  struct Handed {
    tenon_out out;
    Outlet *outlet;
  };

  static tenon_status Reserve(tenon_out *out, size_t additional);
  tenon_status Grow(size_t additional);
  void Take(size_t capacity);
  /* 0, or an Outcome of output.h. */
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
