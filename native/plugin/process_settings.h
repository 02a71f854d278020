/* Settings that belong to the host: of the whole process, and of the calling thread. They are saved before code
 * of a plugin runs, and restored afterwards. Does nothing outside of Linux. */
#ifndef TENON_PLUGIN_PROCESS_SETTINGS_H
#define TENON_PLUGIN_PROCESS_SETTINGS_H

#include <stdint.h>

#include <memory>
#include <mutex>

namespace tenon {

/* Bits. src/library/process-settings.ts has the same values. */
enum ProcessSetting : uint32_t {
  kFloatMode = 1,
  kSignalMask = 2,
  kLocale = 4,
  kFolder = 8,
  kSignalHandlers = 16,
  kUmask = 32,
  kStandardStreams = 64,
};

/* The settings that code has changed. */
struct SettingChanges {
  uint32_t settings; /* bits of ProcessSetting */
  uint32_t signals;  /* those whose handlers have changed: bit 0 for signal 1 */
};

/* The turn to save and restore settings of the process. Without it, a thread could save what a plugin on another
 * thread has just changed, blame its own plugin when the other thread restores it, and then restore the change.
 * Waits only briefly, because that plugin may take long or wait for this thread. */
class SettingsTurn {
 public:
  SettingsTurn();

 private:
  std::unique_lock<std::timed_mutex> lock_;
};

class ProcessSettings {
 public:
  /* Saves the settings that `which` names. */
  explicit ProcessSettings(uint32_t which);
  ~ProcessSettings();
  ProcessSettings(const ProcessSettings &) = delete;
  ProcessSettings &operator=(const ProcessSettings &) = delete;

  /* Restores all saved settings and returns those that had changed. For a thread that is the only one to change
   * them. */
  SettingChanges Restore();

  /* As Restore, for a thread next to others that may change settings rightfully: restores what belongs to this
   * thread, and signal handlers in the library that contains `code`. Of the thread's own settings it reports
   * nothing. */
  SettingChanges RestoreOwn(const void *code);

 private:
  struct Saved;
  [[maybe_unused]] const uint32_t which_;
  std::unique_ptr<Saved> saved_;
};

}  // namespace tenon

#endif
