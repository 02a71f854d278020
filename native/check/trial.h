/* What the scenarios about calls have in common: a fresh instance for each call, a host that outlives the
 * scenario, and the answer that everything else is held against. */
#ifndef TENON_CHECK_TRIAL_H
#define TENON_CHECK_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "check/guarded.h"
#include "check/outlet.h"
#include "check/plugin.h"

namespace tenon::check {

class Trial {
 public:
  /* Loads the plugin. Make it with `new`, and keep it: threads of a plugin may know its host until the end.
   */
  explicit Trial(Plugin &plugin);

  Plugin &plugin() { return plugin_; }
  Report &report() { return plugin_.report(); }
  Host &host() { return host_; }
  const std::string &usual() const { return plugin_.options().input(); }

  /* From now on another method than `something` is called. */
  void UseMethod(tenon_method method) { method_ = method; }
  tenon_method method() const { return method_; }

  /* Makes an instance, calls it once and drops it. `stage` says what is special about it. A breach of the
   * contract is a finding. Ends the process if there is no instance. */
  CallResult Call(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet);
  CallResult Call(const std::string &stage, const uint8_t *in, size_t size);
  CallResult Call(const std::string &stage, const std::string &input);
  /* The same without judging it. */
  CallResult Answer(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet);
  CallResult Answer(const std::string &stage, const std::string &input);

  /* What the plugin answers to the usual input. */
  const CallResult &usual_answer();
  /* Whether it is the same each time, as far as that can be known. After usual_answer. */
  bool stable() const { return stable_; }
  /* A finding if the answer to the usual input is not the one that it always is; only where the plugin says
   * that it is deterministic, and is. */
  void ExpectUsual(const std::string &stage, const CallResult &answer);

 private:
  void Learn();

  Plugin &plugin_;
  Host host_;
  tenon_method method_;
  bool learned_ = false, stable_ = false;
  CallResult usual_;
};

/* Inputs that a plugin may find odd, and none of them ends its process. */
struct OddInput {
  const char *name;
  std::string bytes;
};
std::vector<OddInput> OddInputs(const std::string &usual);

/* A copy that stays where it is until the process ends, `offset` bytes off an address that is aligned. */
const uint8_t *Lasting(const std::string &bytes, size_t offset = 0);
/* The same, with forbidden memory right around it. Never freed. */
Guarded &LastingGuarded(const std::string &bytes, Guarded::Place place = Guarded::kAtEnd);

}  // namespace tenon::check

#endif
