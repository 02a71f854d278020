#include "runner/probe_system.h"

#include <windows.h>

#include <vector>

#include "channel/quiet_thread.h"
#include "plugin/wide_text.h"
#include "runner/windows/libraries_of_c.h"

extern "C" __declspec(dllimport) BOOL WINAPI K32EnumProcessModules(HANDLE, HMODULE *, DWORD, DWORD *);

namespace tenon::probe {
namespace {

void *wait_for_end(void *process) {
  WaitForSingleObject(process, INFINITE);
  EndAtOnce(1);
}

// A fault ends the process with its code. Neither a debugger nor a user is asked.
LONG WINAPI end_with_code(EXCEPTION_POINTERS *found) {
  EndAtOnce(static_cast<int>(found->ExceptionRecord->ExceptionCode));
}

void end_aborted(int) {
  EndAtOnce(static_cast<int>(kAborted));
}

}  // namespace

// A thread waits for the host, because a constructor of the plugin may never return.
bool end_with(int host) {
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(host));
  return process != nullptr && StartQuietThread(wait_for_end, process);
}

void confine(const char *, const Limits &limits) {
  ApplyLimits(limits, 0);
  SetUnhandledExceptionFilter(end_with_code);
  HandleAborts(end_aborted);
}

std::set<std::string> loaded_objects() {
  std::vector<HMODULE> modules(256);
  DWORD size = 0;
  const auto bytes = [&] { return static_cast<DWORD>(modules.size() * sizeof(HMODULE)); };
  while (K32EnumProcessModules(GetCurrentProcess(), modules.data(), bytes(), &size) && size > bytes())
    modules.resize(size / sizeof(HMODULE));
  modules.resize(size / sizeof(HMODULE));
  std::set<std::string> paths;
  for (const HMODULE module : modules) paths.insert(ModulePath(module));
  return paths;
}

}  // namespace tenon::probe
