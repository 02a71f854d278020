/* The plugin that is checked, and what scenarios do with it all the time: make an instance, call it, judge
 * the answer. */
#ifndef TENON_CHECK_PLUGIN_H
#define TENON_CHECK_PLUGIN_H

#include <string>

#include "plugin/gates.h"
#include "plugin/output.h"
#include "check/host.h"
#include "check/options.h"
#include "check/report.h"
#include "tenon.h"

namespace tenon::check {

/* How a call went, judged as a host does. */
struct CallResult {
  int32_t outcome = 0;     /* a tenon_status, or an Outcome of output.h */
  tenon_status status = 0; /* as the plugin returned it */
  std::string bytes;       /* the result, or the message of a failure */

  bool ok() const { return outcome == TENON_OK; }
  /* The plugin kept the contract, whether it did the work or not. */
  bool kept_contract() const { return outcome >= TENON_OK && outcome <= TENON_CLOSED; }
};

/* "it returned 42, which is no status of the ABI": what a breach of the contract is. Empty if it is none. */
std::string Breach(const CallResult &result);

class Plugin;

/* One instance. */
class Instance {
 public:
  /* Calls `new`. `host` and the vtable outlive the instance. */
  Instance(const Plugin &plugin, const tenon_host *host, const std::string &config);
  /* With a config that lies where the scenario wants it, and a `*state` that is not NULL before `new`. */
  Instance(const tenon_plugin &vtable, const tenon_host *host, const void *config, size_t size,
           void *state = nullptr);
  /* Drops it, if there is something to drop. */
  ~Instance() { Drop(); }
  Instance(const Instance &) = delete;
  Instance &operator=(const Instance &) = delete;

  const CallResult &made() const { return made_; }
  bool ok() const { return made_.ok(); }
  void *state() const { return state_; }
  /* Calls `drop`, if there is something to drop; only once. */
  void Drop();

  /* `something`, with bytes that are no more than the call. */
  CallResult Call(const std::string &input) { return Call(input.data(), input.size()); }
  CallResult Call(const void *input, size_t size);
  /* The same for a method of a kind. */
  CallResult Call(tenon_method method, const void *input, size_t size);

 private:
  const tenon_plugin &vtable_;
  void *state_;
  bool dropped_ = false;
  CallResult made_;
};

class Plugin {
 public:
  Plugin(const Options &options, Report *report) : options_(options), report_(report) {}

  /* Loads it and walks all gates. What does not pass is a finding, and ends the process: the checks of those
   * gates tell the same. */
  void Load();
  /* The gates themselves, for the scenarios that are about them. */
  Gates &gates() { return gates_; }
  /* A finding, if the gate has refused; then ends the process. */
  void Expect(bool passed);

  const tenon_plugin &vtable() const { return gates_.vtable(); }
  const Options &options() const { return options_; }
  Report &report() const { return *report_; }
  bool has_flag(uint32_t flag) const { return (vtable().flags & flag) != 0; }

  /* For scenarios that need a working instance: ends the process as incomplete if `new` failed. */
  void RequireInstance(const Instance &instance) const;

 private:
  const Options &options_;
  Report *report_;
  Gates gates_;
};

/* A scenario: tries one thing, reports findings, and returns; main writes the completion record. */
using Scenario = void (*)(Plugin &plugin);

struct ScenarioEntry {
  const char *id;
  Scenario run;
};

}  // namespace tenon::check

#endif
