/* Directs the generation of inputs to code that has not run yet. Inputs that reach new code become examples,
 * and values that the plugin compares with bytes of the input replace these. */
#ifndef TENON_CHECK_GUIDE_H
#define TENON_CHECK_GUIDE_H

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "check/corpus.h"
#include "check/coverage.h"
#include "check/options.h"
#include "check/stepping.h"

namespace tenon::check {

class Guide {
 public:
  /* `entries` are the functions of the plugin that receive inputs. `targets` is the number of kinds of inputs,
   * each of which has candidates of its own. */
  Guide(const Options &options, std::vector<uintptr_t> entries, Corpus *corpus, uint64_t targets);

  /* Returns true and the next candidate for a target, if there is one. */
  bool Next(uint64_t target, std::string *bytes);

  /* Records the run of one input: `attempt` makes the call. It is called a second time in a child process if the
   * plugin does not report what it does. `due` is true for inputs whose record is worth that time. */
  void Watch(uint64_t target, uint64_t number, const std::string &bytes, bool due,
             const std::function<void(bool in_child)> &attempt);

  /* One of so many inputs is recorded in detail, and can be a candidate. The others take far less time, unless the
   * plugin itself reports what it does. */
  uint64_t interval() const { return ReportsEdges() ? 4 : 64; }
  /* The number of inputs that reached new code. */
  size_t found() const { return found_; }
  /* Whether anything is known about the code that runs. */
  bool sees() const;

 private:
  bool IsNew(const Trace &trace);
  void Add(uint64_t number, const std::string &bytes);
  void AddCandidates(uint64_t target, uint64_t number, const std::string &bytes, const Trace &trace);
  void Keep(const std::string &bytes) const;

  const Options &options_;
  Corpus *corpus_;
  std::unique_ptr<Stepper> stepper_;
  std::vector<uint8_t> seen_;
  std::vector<std::deque<std::string>> candidates_;
  std::set<std::string> values_;
  size_t found_ = 0;
};

}  // namespace tenon::check

#endif
