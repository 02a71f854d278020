#include "check/failure.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <typeinfo>

/* The first and the last address of this program, which the linker defines. */
extern "C" {
extern const char __executable_start[];
extern const char _end[];
}

namespace tenon::check {
namespace {

Report *failed_report = nullptr;

/* The text of an error, and what to do. strerror may allocate. */
struct Explained {
  int error;
  const char *text;
};

constexpr Explained kErrors[] = {
    {0, "this is a fault of the suite. Report it with the command that reproduces it"},
    {ENOMEM,
     "not enough memory or too many mappings. Free memory, or raise the limits (ulimit -v, "
     "sysctl vm.max_map_count)"},
    {EAGAIN,
     "too many threads or processes. End some, or raise the limits (ulimit -u, pids.max of the cgroup)"},
    {EMFILE, "too many open files. Raise the limit (ulimit -n)"},
    {ENFILE, "too many open files in the system. Close some programs"},
    {ENOSPC, "no space left. Free space on the disk of the temporary folder"},
    {EIO, "an error of the disk or of /proc. Run the suite again"},
    {EACCES, "permission denied. Allow it in the container or sandbox that runs the suite"},
    {EPERM, "not permitted. Allow it in the container or sandbox that runs the suite"},
    {ENOENT, "it does not exist. Run the suite where /proc is mounted completely"},
};

/* Returns the entry of an error, or NULL. */
const Explained *FindError(int error) {
  for (const Explained &one : kErrors) {
    if (one.error == error) return &one;
  }
  return nullptr;
}

void OutOfMemory() {
  FailChecker("allocate memory", ENOMEM);
}

/* Returns true if this program threw the exception. The types of its own copy of the C++ library are within
 * the program, and those of a plugin are elsewhere. */
bool IsOwnException() {
  const char *type = reinterpret_cast<const char *>(abi::__cxa_current_exception_type());
  return type != nullptr && type >= __executable_start && type < _end;
}

[[noreturn]] void OnTerminate() {
  if (IsOwnException()) FailChecker("continue after an exception of its own", 0);
  abort(); /* as for any exception of the plugin that nothing catches */
}

/* Returns true if other libraries may use the same C++ library as this program. The programs with a sanitizer
 * do: what they throw, or cannot allocate, can be the plugin's. */
bool SharesLibrary() {
  return dlsym(RTLD_DEFAULT, "_ZSt9terminatev") != nullptr;
}

}  // namespace

void ReportFailures(Report *report) {
  failed_report = report;
  if (SharesLibrary()) return;
  std::set_new_handler(OutOfMemory);
  std::set_terminate(OnTerminate);
}

void FailChecker(const char *what, int error) {
  char reason[512];
  const Explained *known = FindError(error);
  if (known != nullptr)
    snprintf(reason, sizeof(reason), "the checker could not %s: %s", what, known->text);
  else
    snprintf(reason, sizeof(reason), "the checker could not %s: the system refused with error %d", what,
             error);
  if (failed_report != nullptr) failed_report->Fail(reason);
  fprintf(stderr, "tenon-checker: %s\n", reason);
  _exit(3);
}

void FailIfLoaderExhausted(const char *words) {
  if (strstr(words, "Cannot allocate memory") != nullptr) FailChecker("load the library", ENOMEM);
  if (strstr(words, "Too many open files") != nullptr) FailChecker("load the library", EMFILE);
}

void FailUnlessAbsent(const char *what, int error) {
  for (int expected : {ENOENT, ENOTDIR, ESRCH, EACCES, EPERM}) {
    if (error == expected) return;
  }
  FailChecker(what, error);
}

}  // namespace tenon::check
