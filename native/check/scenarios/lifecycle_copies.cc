/* Scenarios of group `lifecycle` about the library: two copies in one process, unloading and loading again,
 * and the exit of the process. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

#include "check/crash_record.h"
#include "check/failure.h"
#include "check/on_thread.h"
#include "check/scenarios.h"
#include "check/side_by_side.h"

namespace tenon::check {
namespace {

/* Copies the file into memory, so that no file is left behind. Returns the path of the copy, which is unique:
 * the loader takes two files with one name for the same library. */
std::string CopyOf(Plugin &plugin) {
  const std::string &file = plugin.options().file;
  int from = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  int to = memfd_create("tenon-copy", MFD_CLOEXEC); /* stays open: its number is the name */
  struct stat status = {};
  bool copied = from >= 0 && to >= 0 && fstat(from, &status) == 0;
  for (off_t left = status.st_size; copied && left > 0;) {
    ssize_t sent = sendfile(to, from, nullptr, static_cast<size_t>(left));
    copied = sent > 0;
    left -= sent;
  }
  if (!copied) FailChecker("copy the file of the plugin into memory", errno);
  close(from);
  return "/proc/self/fd/" + std::to_string(to);
}

/* Another copy of the library, which can be unloaded. */
class Copy {
 public:
  explicit Copy(Plugin &plugin, const std::string &which) : plugin_(plugin), which_(which) {
    std::string file = CopyOf(plugin);
    plugin.report().Stage("loading " + which);
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) Refuse(dlerror());
    using PluginFunction = const tenon_plugin *(*)();
    void *symbol = dlsym(handle_, "get_plugin");
    if (symbol == nullptr) Refuse("get_plugin is not found");
    SetCrashCode(reinterpret_cast<uintptr_t>(symbol));
    plugin.report().Stage("get_plugin of " + which);
    vtable_ = reinterpret_cast<PluginFunction>(symbol)();
    if (vtable_ == nullptr) Refuse("get_plugin returned NULL");
  }

  const tenon_plugin &vtable() const { return *vtable_; }

  /* Runs `new`, a call and `drop`. Reports a finding if `new` fails. */
  void Live() {
    const Options &options = plugin_.options();
    Host &host = *new Host;
    plugin_.report().Stage("new of " + which_);
    Instance instance(*vtable_, host.get(), options.config.data(), options.config.size());
    if (!instance.ok()) {
      plugin_.report().Finding("new of " + which_ + " returned " + std::to_string(instance.made().status) +
                               " with " + Quote(instance.made().bytes) + ", expected 0");
      return;
    }
    plugin_.report().Stage("call of " + which_);
    instance.Call(options.input());
    plugin_.report().Stage("drop of " + which_);
    instance.Drop();
  }

  void Close() {
    plugin_.report().Stage("unloading " + which_);
    dlclose(handle_);
  }

 private:
  [[noreturn]] void Refuse(const char *words) {
    FailIfLoaderExhausted(words);
    /* Some systems forbid running code that is only in memory. */
    if (strstr(words, "failed to map segment") != nullptr || strstr(words, "not permitted") != nullptr)
      plugin_.report().Incomplete(std::string("a copy in memory cannot be loaded here: ") + words);
    plugin_.report().Finding("Loading " + which_ + ": " + words);
    plugin_.report().Done();
  }

  Plugin &plugin_;
  std::string which_;
  void *handle_ = nullptr;
  const tenon_plugin *vtable_ = nullptr;
};

void SecondCopy(Plugin &plugin) {
  plugin.Load();
  Copy second(plugin, "a second copy of the library");
  if (plugin.has_flag(TENON_SINGLETON)) return second.Live();
  LiveSideBySide(plugin, {&plugin.vtable(), &second.vtable()}, "next to one of another copy of the library");
}

/* Uses a copy on a thread that ends after the copy is unloaded, as threads of hosts do. */
void Reload(Plugin &plugin) {
  size_t threads = CountThreads();
  Copy first(plugin, "the first copy");
  std::promise<void> lived, unloaded;
  Thread user([&] {
    first.Live();
    lived.set_value();
    unloaded.get_future().wait();
  });
  lived.get_future().wait();
  bool left = CountThreads() > threads + 1;
  if (!left) first.Close();
  plugin.report().Stage("end of a thread that had called the plugin, after it was unloaded");
  unloaded.set_value();
  user.Join();
  if (left) plugin.report().Skip("threads of the plugin run on after drop");
  Copy second(plugin, "the copy that was loaded after the first one was unloaded");
  second.Live();
}

/* The file is a private copy of the plugin, as hosts make it. */
void PrivateCopy(Plugin &plugin) {
  plugin.Load();
  Host &host = *new Host;
  const Options &options = plugin.options();
  plugin.report().Stage("new of a private copy");
  Instance instance(plugin, host.get(), options.config);
  if (!instance.ok()) {
    plugin.report().Finding("new of a private copy returned " + std::to_string(instance.made().status) +
                            " with " + Quote(instance.made().bytes) + ", expected 0 as of the original");
    return;
  }
  plugin.report().Stage("call of a private copy");
  instance.Call(options.input());
}

[[noreturn]] void LiveAndExit(Plugin &plugin) {
  plugin.Load();
  Host &host = *new Host;
  plugin.report().Stage("new");
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  plugin.report().Stage("call with the usual input");
  instance.Call(plugin.options().input());
  plugin.report().Stage("drop");
  instance.Drop();
  plugin.report().Stage("exit of the process");
  plugin.report().ExpectExit();
  exit(0);
}

[[noreturn]] void BeChild(Plugin &plugin) {
  try {
    LiveAndExit(plugin);
  } catch (const Report::End &) { /* the report says why; the parent does the rest */
    _exit(0);
  }
}

/* Runs in a child process, because a crash after the last exit handler is only visible from outside. */
void Exit(Plugin &plugin) {
  Report &report = plugin.report();
  if (report.for_people_alone()) LiveAndExit(plugin);
  pid_t child = fork();
  if (child < 0) FailChecker("start a process", errno);
  if (child == 0) BeChild(plugin);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status) && !report.for_people()) {
    signal(WTERMSIG(status), SIG_DFL); /* ends by the same signal, so that it counts as a crash */
    raise(WTERMSIG(status));
  }
  if (status == 0) return;
  std::string end = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                        : "exit code " + std::to_string(WEXITSTATUS(status));
  report.Finding("exit(0) ended the process with " + end + ", expected exit code 0");
}

}  // namespace

const ScenarioEntry kCopyScenarios[] = {
    {"lifecycle/private-copy", PrivateCopy},
    {"lifecycle/second-copy", SecondCopy},
    {"lifecycle/reload", Reload},
    {"lifecycle/exit", Exit},
    {nullptr, nullptr},
};

}  // namespace tenon::check
