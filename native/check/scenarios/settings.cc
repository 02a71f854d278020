/* Scenarios of group `resources` about settings of the whole process, which the plugin must not change. */
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check/facts.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* Reports each change once, with the step that made it. */
template <Look look>
void Unchanged(Plugin &plugin) {
  Host host;
  Facts known = look();
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    Facts now = look();
    ReportChanges(&plugin.report(), known, now, step);
    known = now;
  });
}

/* Sets LC_ALL, so that `setlocale(LC_ALL, "")` changes the locale. */
void LocaleUnchanged(Plugin &plugin) {
  setenv("LC_ALL", "C.UTF-8", 1);
  Unchanged<Locale>(plugin);
}

/* Sets an unusual umask, so that any umask that the plugin sets is a change. */
void MaskUnchanged(Plugin &plugin) {
  umask(0037);
  Unchanged<FileModeMask>(plugin);
}

/* Compares only before `new` and after `drop`: an instance may have timers. */
void NoTimersLeft(Plugin &plugin) {
  Host host;
  Facts before = Timers();
  OrdinaryLife(plugin, host, [](const std::string &) {});
  ReportChanges(&plugin.report(), before, Timers(), "drop");
}

}  // namespace

const ScenarioEntry kSettingScenarios[] = {
    {"resources/signal-handlers", Unchanged<SignalHandlers>},
    {"resources/signal-mask", Unchanged<SignalMask>},
    {"resources/working-directory", Unchanged<WorkingDirectory>},
    {"resources/locale", LocaleUnchanged},
    {"resources/environment", Unchanged<Environment>},
    {"resources/umask", MaskUnchanged},
    {"resources/limits", Unchanged<Limits>},
    {"resources/standard-streams", Unchanged<StandardStreams>},
    {"resources/float-mode", Unchanged<FloatMode>},
    {"resources/executable-memory", Unchanged<ExecutableMemory>},
    {"resources/timers", NoTimersLeft},
    {nullptr, nullptr},
};

}  // namespace tenon::check
