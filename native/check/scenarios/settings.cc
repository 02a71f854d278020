/* Scenarios of group `resources` about what belongs to the whole process: the plugin has to leave it as it
 * is. */
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check/facts.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* Each change is told once, with the step in which it came. */
template <Look look>
void Unchanged(Plugin &plugin) {
  Host host;
  Facts known = look();
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    Facts now = look();
    TellChanges(&plugin.report(), known, now, step);
    known = now;
  });
}

/* So that `setlocale(LC_ALL, "")` changes something. */
void LocaleUnchanged(Plugin &plugin) {
  setenv("LC_ALL", "C.UTF-8", 1);
  Unchanged<Locale>(plugin);
}

/* One that nobody sets. */
void MaskUnchanged(Plugin &plugin) {
  umask(0037);
  Unchanged<FileModeMask>(plugin);
}

/* While an instance lives it may have what it likes. */
void NoTimersLeft(Plugin &plugin) {
  Host host;
  Facts before = Timers();
  OrdinaryLife(plugin, host, [](const std::string &) {});
  TellChanges(&plugin.report(), before, Timers(), "drop");
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
