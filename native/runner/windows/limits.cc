#include "runner/limits.h"

#include <io.h>
#include <windows.h>

#include "channel/layout.h"

namespace tenon {
namespace {

/* The job is never closed, except by the system when this process ends. That ends the other processes in it. */
HANDLE job = nullptr;

/* Returns whether this is Wine, which knows the limits of a job and does not enforce them. */
bool IsWine() {
  const HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  return ntdll != nullptr && GetProcAddress(ntdll, "wine_get_version") != nullptr;
}

}  // namespace

/* The plugin knows the descriptor, but not the duplicate of its handle. */
PipeFile HideFile(int file) {
  const HANDLE given = reinterpret_cast<HANDLE>(_get_osfhandle(file));
  if (given == INVALID_HANDLE_VALUE) return kNoPipeFile;
  HANDLE hidden = nullptr;
  const HANDLE self = GetCurrentProcess();
  if (!DuplicateHandle(self, given, self, &hidden, 0, FALSE, DUPLICATE_SAME_ACCESS)) return kNoPipeFile;
  _close(file);
  return hidden;
}

uint32_t ApplyLimits(const Limits &limits, uint64_t) {
  /* No window asks a user what to do about a crash, and nothing writes a dump. */
  SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
  uint32_t active = kLimitCore;
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION rules = {};
  rules.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
  if (limits.memory != 0) {
    rules.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
    rules.ProcessMemoryLimit = static_cast<SIZE_T>(limits.memory);
  }
  job = CreateJobObjectW(nullptr, nullptr);
  if (job == nullptr ||
      !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &rules, sizeof(rules)) ||
      !AssignProcessToJobObject(job, GetCurrentProcess()))
    return active;
  active |= kOrphans;
  if (limits.memory != 0 && !IsWine()) active |= kLimitMemory;
  return active;
}

}  // namespace tenon
