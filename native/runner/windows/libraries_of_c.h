/* The C libraries in this process. A plugin may use another one than the runner: ucrtbase.dll or msvcrt.dll. */
#ifndef TENON_RUNNER_WINDOWS_LIBRARIES_OF_C_H
#define TENON_RUNNER_WINDOWS_LIBRARIES_OF_C_H

#include <windows.h>

#include <initializer_list>

namespace tenon {

/* Calls `use` with each that is loaded. One that is linked into a plugin cannot be found. */
template <typename Use>
void ForEachLibraryOfC(const Use &use) {
  for (const wchar_t *name : {L"ucrtbase.dll", L"msvcrt.dll"}) {
    const HMODULE library = GetModuleHandleW(name);
    if (library != nullptr) use(library);
  }
}

/* Returns a function of a library, or NULL. */
template <typename Function>
Function FindFunction(HMODULE library, const char *name) {
  return reinterpret_cast<Function>(reinterpret_cast<void *>(GetProcAddress(library, name)));
}

/* The code of a process that a C library ends by `abort`: STATUS_FATAL_APP_EXIT. */
constexpr DWORD kAborted = 0x40000015;

/* Has `abort` call a function, because it raises no exception that a filter could see. */
inline void HandleAborts(void (*handler)(int)) {
  constexpr int kSigAbort = 22; /* in the C libraries of Windows */
  ForEachLibraryOfC([handler](HMODULE library) {
    auto signal = FindFunction<void (*(*)(int, void (*)(int)))(int)>(library, "signal");
    if (signal != nullptr) signal(kSigAbort, handler);
  });
}

}  // namespace tenon

#endif
