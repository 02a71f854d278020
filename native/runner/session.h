/* The part of `tenon-runner serve` that is the same on every system: it opens the plugin, runs its gates, and serves
 * it over a link. */
#ifndef TENON_RUNNER_SESSION_H
#define TENON_RUNNER_SESSION_H

#include <string>

#include "channel/link.h"
#include "plugin/gates.h"
#include "runner/serve_options.h"

namespace tenon {

/* Never destroyed, because threads of the plugin may run until the process ends. */
class Session {
 public:
  /* Both must live as long as the process. */
  Session(HostLink *link, const ServeOptions &options) : link_(link), options_(options) {}

  /* Runs the gates. Returns false if the plugin is refused, after notifying the host. */
  bool Admit();
  /* Serves until the host stops the runner. Returns the exit code. */
  int Run();

 private:
  bool RunGates();
  void At(Stage stage);
  void Say(Operation operation, const std::string &text);
  bool Refuse(const Refusal &refusal);
  bool RefuseDifferent(const char *code, const char *what, const std::string &found,
                       const std::string &expected);

  HostLink *link_;
  const ServeOptions &options_;
  Gates gates_;
};

}  // namespace tenon

#endif
