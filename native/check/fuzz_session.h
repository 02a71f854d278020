/* Tries generated inputs until the time is up or there is a finding. */
#ifndef TENON_CHECK_FUZZ_SESSION_H
#define TENON_CHECK_FUZZ_SESSION_H

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "check/breadcrumb.h"
#include "check/corpus.h"
#include "check/guarded.h"
#include "check/guide.h"
#include "check/methods.h"
#include "check/plugin.h"
#include "check/watchdog.h"

namespace tenon::check {

/* An input as the plugin receives it. The byte after it is inaccessible. */
struct MadeUp {
  const uint8_t *data;
  size_t size;
  uint64_t number;
};

/* A run over generated inputs. It is never destroyed, because its watchdog runs until the process ends. */
class FuzzSession {
 public:
  explicit FuzzSession(Plugin &plugin);

  const Corpus &corpus() const { return corpus_; }
  /* Returns true if this is a child process that only records what the plugin does. */
  bool in_child() const { return in_child_; }

  /* Tries inputs. `make` returns the bytes for a number, and `name` the call that `attempt` makes with them.
   * If there are methods, the number of the input says which of them receives it. The input of --reproduce does
   * not, so it is tried with each. */
  template <typename Make, typename Name, typename Attempt>
  void Run(Make make, Name name, Attempt attempt, const std::vector<Method> &methods = {}) {
    const uint64_t targets = std::max<uint64_t>(1, methods.size());
    const Options &options = plugin_.options();
    if (options.reproduces) {
      for (uint64_t target = 0; target < targets; target++) {
        if (plugin_.report().for_people()) plugin_.report().Stage(name(target));
        Try(target, name(target), options.reproduced, attempt);
      }
      return Finish(1);
    }
    Guide &guide = BeginGuide(methods);
    uint64_t number = 0;
    for (; number / targets < options.most && InTime(); number++) {
      std::string bytes;
      const bool example = number < corpus_.examples.size() * targets;
      const bool due = example || number / targets % guide.interval() == 0;
      const bool candidate = due && !example && guide.Next(number % targets, &bytes);
      if (!candidate) bytes = make(number);
      guide.Watch(number % targets, number, bytes, due, [&](bool in_child) {
        in_child_ = in_child;
        if (in_child)
          attempt(Place(bytes, number));
        else
          Try(number, name(number), bytes, attempt);
      });
    }
    Finish(number);
  }

  /* Reports a breach of the contract or a panic as a finding, and ends the process: no input may cause one. */
  void Judge(const CallResult &result, const std::string &what);

 private:
  template <typename Attempt>
  void Try(uint64_t number, const std::string &name, const std::string &bytes, Attempt attempt) {
    breadcrumb_.Leave(number, name, bytes);
    watchdog_.Step();
    attempt(Place(bytes, number));
    watchdog_.Pause();
  }
  bool InTime() const;
  Guide &BeginGuide(const std::vector<Method> &methods);
  MadeUp Place(const std::string &bytes, uint64_t number);
  void Finish(uint64_t tried);

  Plugin &plugin_;
  Corpus corpus_;
  Breadcrumb breadcrumb_;
  Watchdog watchdog_;
  Guarded memory_;
  std::unique_ptr<Guarded> block_; /* of exactly the size of the input */
  std::unique_ptr<Guide> guide_;
  bool in_child_ = false;
  double end_;
};

}  // namespace tenon::check

#endif
