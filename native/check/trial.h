/* The common base of the scenarios about calls: a fresh instance for each call, a host that outlives the
 * scenario, and the usual result for comparison. */
#ifndef TENON_CHECK_TRIAL_H
#define TENON_CHECK_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "check/guarded.h"
#include "check/outlet.h"
#include "check/plugin.h"

namespace tenon::check {

class Trial {
 public:
  /* Loads the plugin. Allocate the trial with `new` and never delete it: threads of a plugin may use its host
   * until the process ends. */
  explicit Trial(Plugin &plugin);

  Plugin &plugin() { return plugin_; }
  Report &report() { return plugin_.report(); }
  Host &host() { return host_; }
  const std::string &usual() const { return plugin_.options().input(); }

  /* Sets the method to call, instead of `something`. */
  void UseMethod(tenon_method method) { method_ = method; }
  tenon_method method() const { return method_; }

  /* Makes an instance, calls it once and drops it. `stage` describes the call. A breach of the contract is a
   * finding. Ends the process as incomplete if `new` failed. */
  CallResult Call(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet);
  CallResult Call(const std::string &stage, const uint8_t *in, size_t size);
  CallResult Call(const std::string &stage, const std::string &input);
  /* Does the same, but reports no breach. */
  CallResult Answer(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet);
  CallResult Answer(const std::string &stage, const std::string &input);

  /* The result for the usual input. */
  const CallResult &usual_answer();
  /* Whether that result is the same each time, as far as two calls can show. Valid after usual_answer. */
  bool stable() const { return stable_; }
  /* Reports a finding if the result for the usual input differs from the usual one. Applies only to a plugin
   * that declares that it is deterministic and appears to be. */
  void ExpectUsual(const std::string &stage, const CallResult &answer);

 private:
  void Learn();
  /* Returns an output for one call. The newest 256 are kept. */
  Outlet &NewOutlet();

  Plugin &plugin_;
  Host host_;
  tenon_method method_;
  bool learned_ = false, stable_ = false;
  CallResult usual_;
  std::deque<std::unique_ptr<Outlet>> outlets_;
};

/* Inputs that a plugin may not expect. None of them may end the process. */
struct OddInput {
  const char *name;
  std::string bytes;
};
std::vector<OddInput> OddInputs(const std::string &usual);

/* Returns a copy that is never freed, `offset` bytes after an aligned address. */
const uint8_t *Lasting(const std::string &bytes, size_t offset = 0);
/* Returns a copy with inaccessible memory around it. Only the newest 256 are kept. */
Guarded &LastingGuarded(const std::string &bytes, Guarded::Place place = Guarded::kAtEnd);

}  // namespace tenon::check

#endif
