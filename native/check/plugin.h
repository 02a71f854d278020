/* The plugin under check, and the operations that most scenarios need: create an instance, call it, evaluate
 * the result. */
#ifndef TENON_CHECK_PLUGIN_H
#define TENON_CHECK_PLUGIN_H

#include <string>
#include <vector>

#include "plugin/gates.h"
#include "plugin/output.h"
#include "check/host.h"
#include "check/options.h"
#include "check/report.h"
#include "check/single_steps.h"
#include "tenon.h"

namespace tenon::check {

/* The outcome of a call, evaluated as a host does. */
struct CallResult {
  int32_t outcome = 0;     /* a tenon_status, or an Outcome of output.h */
  tenon_status status = 0; /* as the plugin returned it */
  std::string bytes;       /* the result, or the message of a failure */

  bool ok() const { return outcome == TENON_OK; }
  /* Returns true if the plugin kept the contract, whether or not the call succeeded. */
  bool kept_contract() const { return outcome >= TENON_OK && outcome <= TENON_CLOSED; }
};

/* Returns the breach of the contract, for example "it left `len` of its output above `capacity`". Empty if
 * there was none. */
std::string Breach(const CallResult &result);

class Plugin;

/* One instance. */
class Instance {
 public:
  /* Calls `new`. `host` and the vtable must outlive the instance. */
  Instance(const Plugin &plugin, const tenon_host *host, const std::string &config);
  /* Calls `new` with a config in memory of the scenario, and with `state` as the initial value of `*state`. */
  Instance(const tenon_plugin &vtable, const tenon_host *host, const void *config, size_t size,
           void *state = nullptr);
  /* Drops the instance, if there is one. */
  ~Instance() { Drop(); }
  Instance(const Instance &) = delete;
  Instance &operator=(const Instance &) = delete;

  const CallResult &made() const { return made_; }
  bool ok() const { return made_.ok(); }
  void *state() const { return state_; }
  /* Calls `drop` if `new` made an instance. Does so only once. */
  void Drop();

  /* Calls `something`. The input is borrowed for the call. */
  CallResult Call(const std::string &input) { return Call(input.data(), input.size()); }
  CallResult Call(const void *input, size_t size);
  /* Calls a method of a kind. */
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

  /* Loads the plugin and passes it through all gates. A refusal is a finding and ends the process; the checks
   * of the gates report it too. */
  void Load();
  /* The gates, for scenarios that test them one by one. */
  Gates &gates() { return gates_; }
  /* If the gate has refused, reports a finding and ends the process. */
  void Expect(bool passed);

  /* The code of the plugin, and of the libraries that were loaded with it. */
  const std::vector<CodeSpan> &code() const { return code_; }

  const tenon_plugin &vtable() const { return gates_.vtable(); }
  const Options &options() const { return options_; }
  Report &report() const { return *report_; }
  bool has_flag(uint32_t flag) const { return (vtable().flags & flag) != 0; }

  /* Ends the process as incomplete if `new` failed. */
  void RequireInstance(const Instance &instance) const;

 private:
  const Options &options_;
  Report *report_;
  Gates gates_;
  std::vector<CodeSpan> code_;
};

/* A scenario tries one thing, reports findings, and returns. Then main writes the completion record. */
using Scenario = void (*)(Plugin &plugin);

struct ScenarioEntry {
  const char *id;
  Scenario run;
};

}  // namespace tenon::check

#endif
