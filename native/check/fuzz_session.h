/* Tries generated inputs until the time is up or there is a finding. */
#ifndef TENON_CHECK_FUZZ_SESSION_H
#define TENON_CHECK_FUZZ_SESSION_H

#include <string>

#include "check/breadcrumb.h"
#include "check/corpus.h"
#include "check/guarded.h"
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

  /* Tries inputs. `make` returns the bytes for a number, and `name` the call that `attempt` makes with them.
   * `targets` is the number of different names, which depend on the number of the input. The input of
   * --reproduce does not say which of them it is for, so it is tried with each. */
  template <typename Make, typename Name, typename Attempt>
  void Run(Make make, Name name, Attempt attempt, uint64_t targets = 1) {
    const Options &options = plugin_.options();
    if (options.reproduces) {
      for (uint64_t target = 0; target < targets; target++) {
        if (plugin_.report().for_people()) plugin_.report().Stage(name(target));
        Try(target, name(target), options.reproduced, attempt);
      }
      return Finish(1);
    }
    uint64_t number = 0;
    for (; InTime(); number++) Try(number, name(number), make(number), attempt);
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
  MadeUp Place(const std::string &bytes, uint64_t number);
  void Finish(uint64_t tried);

  Plugin &plugin_;
  Corpus corpus_;
  Breadcrumb breadcrumb_;
  Watchdog watchdog_;
  Guarded memory_;
  double end_;
};

}  // namespace tenon::check

#endif
