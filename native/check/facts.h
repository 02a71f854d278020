/* State of the process other than memory, as named facts. Scenarios compare the facts from before and after
 * each step. */
#ifndef TENON_CHECK_FACTS_H
#define TENON_CHECK_FACTS_H

#include <map>
#include <string>

#include "check/plugin.h"

namespace tenon::check {

/* "the handler of SIGINT" -> "default". */
using Facts = std::map<std::string, std::string>;
using Look = Facts (*)();

/* Settings of the whole process, which belong to the host. */
Facts SignalHandlers();
Facts SignalMask(); /* of the calling thread */
Facts WorkingDirectory();
Facts Locale();
Facts Environment();
Facts FileModeMask();
Facts Limits(); /* and how the process is scheduled */
Facts StandardStreams();
Facts FloatMode(); /* of the calling thread */

/* Objects that exist only if code created them. */
Facts Timers();
Facts ExecutableMemory();

/* Reports a finding for each changed fact: "The handler of SIGINT was default and is ignored after new". */
void ReportChanges(Report *report, const Facts &before, const Facts &now, const std::string &step);

/* Makes a few calls with each input. */
void CallOften(const Plugin &plugin, Instance &instance);

/* Runs the steps of an ordinary life: loading, `new`, calls with all inputs, `drop`. Calls `after` with the
 * name of each step. */
template <typename After>
void OrdinaryLife(Plugin &plugin, Host &host, After after) {
  Report &report = plugin.report();
  plugin.Load();
  after("loading the library");
  report.Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  after("new");
  report.Stage("calls with the usual inputs");
  CallOften(plugin, instance);
  after("a call");
  report.Stage("drop");
  instance.Drop();
  after("drop");
}

}  // namespace tenon::check

#endif
