// Windows: the functions of Node-API are looked up in the program that runs, whatever its file is called.
// The linker writes NODE.EXE into the addon. Without this a renamed node.exe, or Electron, would load a
// second one.
#ifdef _MSC_VER
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <delayimp.h>
#include <string.h>

static FARPROC WINAPI ProgramForNode(unsigned event, DelayLoadInfo *info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  return reinterpret_cast<FARPROC>(GetModuleHandleW(nullptr));
}

decltype(__pfnDliNotifyHook2) __pfnDliNotifyHook2 = ProgramForNode;
#endif
