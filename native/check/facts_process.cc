/* Facts about settings of the whole process. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "check/facts.h"
#include "check/failure.h"
#include "check/procfs.h"

extern char **environ;

namespace tenon::check {
namespace {

std::string SignalName(int signal) {
  static const std::map<int, std::string> names = {
      {SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
      {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
      {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"}, {SIGUSR2, "SIGUSR2"}, {SIGPIPE, "SIGPIPE"},
      {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"}, {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"},
      {SIGTSTP, "SIGTSTP"}, {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"}, {SIGURG, "SIGURG"},
      {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}, {SIGPROF, "SIGPROF"}, {SIGWINCH, "SIGWINCH"},
      {SIGIO, "SIGIO"},     {SIGSYS, "SIGSYS"}};
  auto found = names.find(signal);
  return found == names.end() ? "signal " + std::to_string(signal) : found->second;
}

std::string CodeName(const void *address) {
  Dl_info info;
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return AddressText(uintptr_t(address));
  const char *slash = strrchr(info.dli_fname, '/');
  std::string file = slash == nullptr ? info.dli_fname : slash + 1;
  return file + "+" + AddressText(uintptr_t(address) - uintptr_t(info.dli_fbase));
}

std::string HandlerName(const struct sigaction &action) {
  if (action.sa_handler == SIG_DFL) return "default";
  if (action.sa_handler == SIG_IGN) return "ignored";
  return CodeName(reinterpret_cast<const void *>(action.sa_handler));
}

std::string LimitText(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

struct NamedLimit {
  const char *name;
  int resource;
};

const NamedLimit kLimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},         {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},       {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},   {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE}, {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO}, {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

std::string OpenFile(int file) {
  int flags = fcntl(file, F_GETFL);
  if (flags < 0) return "closed";
  char target[512];
  std::string link = "/proc/self/fd/" + std::to_string(file);
  ssize_t length = readlink(link.c_str(), target, sizeof(target));
  std::string text = length < 0 ? "open" : std::string(target, static_cast<size_t>(length));
  return text + ((flags & O_NONBLOCK) != 0 ? ", non-blocking" : ", blocking");
}

}  // namespace

Facts SignalHandlers() {
  Facts facts;
  for (int signal = 1; signal <= SIGRTMAX; signal++) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0)
      facts["the handler of " + SignalName(signal)] = HandlerName(action);
  }
  return facts;
}

Facts SignalMask() {
  Facts facts;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int signal = 1; signal <= SIGRTMAX; signal++) {
    int blocked = sigismember(&mask, signal);
    if (blocked >= 0) facts[SignalName(signal)] = blocked == 1 ? "blocked" : "not blocked";
  }
  return facts;
}

Facts WorkingDirectory() {
  char path[4096];
  return {{"the working directory", getcwd(path, sizeof(path)) == nullptr ? "gone" : path}};
}

Facts Locale() {
  const char *whole = setlocale(LC_ALL, nullptr);
  bool own = uselocale(nullptr) != LC_GLOBAL_LOCALE;
  return {{"the locale", whole == nullptr ? "unknown" : whole},
          {"the locale of the calling thread", own ? "its own" : "that of the process"}};
}

Facts Environment() {
  Facts facts;
  for (char **entry = environ; entry != nullptr && *entry != nullptr; entry++) {
    const char *equals = strchr(*entry, '=');
    if (equals == nullptr) continue;
    facts["the variable " + std::string(*entry, size_t(equals - *entry))] =
        "\"" + std::string(equals + 1) + "\"";
  }
  return facts;
}

Facts FileModeMask() {
  std::istringstream status(OwnFile("status"));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("Umask:", 0) == 0) return {{"the umask", line.substr(line.find_last_of(" \t") + 1)}};
  }
  FailChecker("find the umask in /proc/self/status", ENOENT);
}

Facts Limits() {
  Facts facts;
  for (const NamedLimit &limit : kLimits) {
    rlimit value;
    if (getrlimit(limit.resource, &value) == 0)
      facts[limit.name] = LimitText(value.rlim_cur) + " (at most " + LimitText(value.rlim_max) + ")";
  }
  facts["the priority"] = std::to_string(getpriority(PRIO_PROCESS, 0));
  facts["the scheduling policy"] = std::to_string(sched_getscheduler(0));
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) == 0)
    facts["the number of allowed processors"] = std::to_string(CPU_COUNT(&processors));
  return facts;
}

Facts StandardStreams() {
  return {{"standard input", OpenFile(STDIN_FILENO)},
          {"standard output", OpenFile(STDOUT_FILENO)},
          {"standard error", OpenFile(STDERR_FILENO)}};
}

Facts FloatMode() {
  static const std::map<int, std::string> names = {{FE_TONEAREST, "to nearest"},
                                                   {FE_DOWNWARD, "downward"},
                                                   {FE_UPWARD, "upward"},
                                                   {FE_TOWARDZERO, "toward zero"}};
  auto rounding = names.find(fegetround());
  Facts facts = {{"rounding", rounding == names.end() ? "unknown" : rounding->second}};
#if defined(__x86_64__)
  unsigned control = _mm_getcsr();
  facts["flushing of subnormal results to zero"] = (control & 0x8000) != 0 ? "on" : "off";
  facts["treating of subnormal operands as zero"] = (control & 0x0040) != 0 ? "on" : "off";
#endif
#if defined(__GLIBC__)
  facts["trapping of floating-point exceptions"] = fegetexcept() != 0 ? "on" : "off";
#endif
  return facts;
}

}  // namespace tenon::check
