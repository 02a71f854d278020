#include "plugin/process_settings.h"

#include <chrono>

namespace tenon {
namespace {

/* The longest wait for the plugins of other threads. */
constexpr std::chrono::milliseconds kPatience(500);

std::timed_mutex &Turns() {
  /* Leaked on purpose: threads may outlive the static destructors. */
  static std::timed_mutex &mutex = *new std::timed_mutex;
  return mutex;
}

}  // namespace

SettingsTurn::SettingsTurn() : lock_(Turns(), kPatience) {}

}  // namespace tenon

#if !defined(__linux__)

namespace tenon {
struct ProcessSettings::Saved {};
ProcessSettings::ProcessSettings(uint32_t which) : which_(which) {}
ProcessSettings::~ProcessSettings() = default;
SettingChanges ProcessSettings::Restore() {
  return {0, 0};
}
SettingChanges ProcessSettings::RestoreOwn(const void *) {
  return {0, 0};
}
}  // namespace tenon

#else

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "plugin/float_mode.h"

namespace tenon {
namespace {

/* The signals with names. Those above are for programs and their libraries to use. */
constexpr int kSignals = 31;
constexpr int kStreams = 3;
/* The lowest descriptor of a saved stream, above those that careless code closes. */
constexpr int kFirstHidden = 200;

bool SameHandler(const struct sigaction &one, const struct sigaction &other) {
  if (one.sa_handler != other.sa_handler || one.sa_flags != other.sa_flags) return false;
  for (int signal = 1; signal <= kSignals; signal++) {
    if (sigismember(&one.sa_mask, signal) != sigismember(&other.sa_mask, signal)) return false;
  }
  return true;
}

bool SameMask(const sigset_t &one, const sigset_t &other) {
  for (int signal = 1; signal <= SIGRTMAX; signal++) {
    if (sigismember(&one, signal) != sigismember(&other, signal)) return false;
  }
  return true;
}

/* Returns the umask without changing it, or -1 if the system does not report it. */
int ReadUmask() {
  int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  char text[512]; /* the line is the second one */
  ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  text[length < 0 ? 0 : length] = '\0';
  const char *line = strstr(text, "\nUmask:");
  return line == nullptr ? -1 : static_cast<int>(strtol(line + strlen("\nUmask:"), nullptr, 8));
}

/* The file behind a descriptor, and its flags. */
struct Stream {
  int copy = -1; /* keeps the file open */
  int flags = -1;
  dev_t device = 0;
  ino_t file = 0;

  void Look(int descriptor) {
    struct stat status;
    flags = fstat(descriptor, &status) == 0 ? fcntl(descriptor, F_GETFL) : -1;
    if (flags < 0) return;
    device = status.st_dev;
    file = status.st_ino;
  }
  bool Is(const Stream &other) const {
    return flags >= 0 && other.flags >= 0 && device == other.device && file == other.file;
  }
};

bool RestoreStream(int descriptor, const Stream &saved) {
  Stream now;
  now.Look(descriptor);
  if (now.Is(saved)) {
    if (now.flags == saved.flags) return false;
    fcntl(descriptor, F_SETFL, saved.flags);
    return true;
  }
  /* A stream that was closed in the host stays usable for the plugin. */
  if (saved.flags < 0 || saved.copy < 0) return false;
  dup2(saved.copy, descriptor);
  return true;
}

/* Returns the library or program that an address belongs to; NULL if it is none. */
const void *OwnerOf(const void *address) {
  Dl_info owner = {};
  return address != nullptr && dladdr(address, &owner) != 0 ? owner.dli_fbase : nullptr;
}

/* Returns whether libuv has installed the handler. It does that on any thread, for example when a worker starts
 * its first child process. */
bool IsOfHost(const struct sigaction &action) {
  static const void *libuv = OwnerOf(dlsym(RTLD_DEFAULT, "uv_version"));
  return libuv != nullptr && OwnerOf(reinterpret_cast<const void *>(action.sa_handler)) == libuv;
}

std::string CurrentFolder() {
  char path[PATH_MAX];
  return getcwd(path, sizeof(path)) == nullptr ? "" : path;
}

}  // namespace

struct ProcessSettings::Saved {
  FloatMode float_mode;
  sigset_t mask = {};
  std::string locale, folder;
  locale_t own_locale = nullptr;
  struct sigaction handlers[kSignals + 1] = {};
  int umask = -1;
  Stream streams[kStreams];

  bool RestoreLocale() {
    bool changed = uselocale(nullptr) != own_locale;
    if (changed) uselocale(own_locale);
    const char *now = setlocale(LC_ALL, nullptr);
    if (now == nullptr || locale == now) return changed;
    setlocale(LC_ALL, locale.c_str());
    return true;
  }

  bool RestoreFolder(bool may_write) {
    if (folder.empty() || CurrentFolder() == folder) return false;
    return !may_write || chdir(folder.c_str()) == 0;
  }

  /* Restores the handlers, or only those in the library at `base`. */
  uint32_t RestoreHandlers(const void *base) {
    uint32_t changed = 0;
    for (int signal = 1; signal <= kSignals; signal++) {
      struct sigaction now = {};
      if (signal == SIGKILL || signal == SIGSTOP || sigaction(signal, nullptr, &now) != 0) continue;
      if (SameHandler(now, handlers[signal]) || IsOfHost(now)) continue;
      /* libuv stops to watch for children when the last one of a worker has ended. */
      bool stopped = signal == SIGCHLD && now.sa_handler == SIG_DFL && IsOfHost(handlers[signal]);
      if (!stopped) changed |= 1u << (signal - 1);
      if (base == nullptr || OwnerOf(reinterpret_cast<const void *>(now.sa_handler)) == base)
        sigaction(signal, &handlers[signal], nullptr);
    }
    return changed;
  }
};

ProcessSettings::ProcessSettings(uint32_t which) : which_(which), saved_(new Saved) {
  Saved &saved = *saved_;
  pthread_sigmask(SIG_SETMASK, nullptr, &saved.mask);
  if ((which & kLocale) != 0) {
    const char *locale = setlocale(LC_ALL, nullptr);
    saved.locale = locale == nullptr ? "C" : locale;
    saved.own_locale = uselocale(nullptr);
  }
  if ((which & kFolder) != 0) saved.folder = CurrentFolder();
  if ((which & kSignalHandlers) != 0) {
    for (int signal = 1; signal <= kSignals; signal++) sigaction(signal, nullptr, &saved.handlers[signal]);
  }
  if ((which & kUmask) != 0) saved.umask = ReadUmask();
  if ((which & kStandardStreams) == 0) return;
  for (int stream = 0; stream < kStreams; stream++) {
    saved.streams[stream].Look(stream);
    if (saved.streams[stream].flags >= 0)
      saved.streams[stream].copy = fcntl(stream, F_DUPFD_CLOEXEC, kFirstHidden);
  }
}

ProcessSettings::~ProcessSettings() {
  for (const Stream &stream : saved_->streams) {
    if (stream.copy >= 0) close(stream.copy);
  }
}

SettingChanges ProcessSettings::Restore() {
  Saved &saved = *saved_;
  SettingChanges changes = {0, 0};
  if ((which_ & kFloatMode) != 0 && saved.float_mode.Restore()) changes.settings |= kFloatMode;
  sigset_t mask;
  if ((which_ & kSignalMask) != 0 && pthread_sigmask(SIG_SETMASK, &saved.mask, &mask) == 0 &&
      !SameMask(mask, saved.mask))
    changes.settings |= kSignalMask;
  if ((which_ & kLocale) != 0 && saved.RestoreLocale()) changes.settings |= kLocale;
  if ((which_ & kFolder) != 0 && saved.RestoreFolder(true)) changes.settings |= kFolder;
  if ((which_ & kSignalHandlers) != 0) changes.signals = saved.RestoreHandlers(nullptr);
  if (changes.signals != 0) changes.settings |= kSignalHandlers;
  if (saved.umask >= 0 && ReadUmask() != saved.umask) {
    ::umask(static_cast<mode_t>(saved.umask));
    changes.settings |= kUmask;
  }
  for (int stream = 0; (which_ & kStandardStreams) != 0 && stream < kStreams; stream++) {
    if (RestoreStream(stream, saved.streams[stream])) changes.settings |= kStandardStreams;
  }
  return changes;
}

SettingChanges ProcessSettings::RestoreOwn(const void *code) {
  Saved &saved = *saved_;
  SettingChanges changes = {0, 0};
  if ((which_ & kFloatMode) != 0) saved.float_mode.Restore();
  if ((which_ & kSignalMask) != 0) pthread_sigmask(SIG_SETMASK, &saved.mask, nullptr);
  if ((which_ & kLocale) != 0) {
    uselocale(saved.own_locale);
    const char *now = setlocale(LC_ALL, nullptr);
    if (now != nullptr && saved.locale != now) changes.settings |= kLocale;
  }
  if ((which_ & kFolder) != 0 && saved.RestoreFolder(false)) changes.settings |= kFolder;
  if ((which_ & kSignalHandlers) != 0) changes.signals = saved.RestoreHandlers(OwnerOf(code));
  if (changes.signals != 0) changes.settings |= kSignalHandlers;
  if (saved.umask >= 0 && ReadUmask() != saved.umask) changes.settings |= kUmask;
  for (int stream = 0; (which_ & kStandardStreams) != 0 && stream < kStreams; stream++) {
    Stream now;
    now.Look(stream);
    if (saved.streams[stream].flags >= 0 && !now.Is(saved.streams[stream]))
      changes.settings |= kStandardStreams;
  }
  return changes;
}

}  // namespace tenon

#endif
