/* Windows: the functions of Node-API, looked up in the running program, whatever its file is called. An import
 * library would write the name node.exe into the addon, and a renamed node.exe, or Electron, would load a second
 * Node.js or none. Code that calls a function of the header reads its address from a pointer, which a linker
 * would take from the import library. CMake lists the functions in node_functions.inc. */
#if defined(_WIN32)
#include <windows.h>

#define TENON_FUNCTION(name)     \
  extern "C" void *__imp_##name; \
  void *__imp_##name = nullptr;
#include "node_functions.inc"
#undef TENON_FUNCTION

namespace {

/* Runs before the addon is initialised, because constructors run when the addon is loaded. A function that this
 * program lacks stays NULL: all that the addon calls are in every Node.js that tenon supports. */
struct Imports {
  Imports() {
    const HMODULE program = GetModuleHandleW(nullptr);
#define TENON_FUNCTION(name) __imp_##name = reinterpret_cast<void *>(GetProcAddress(program, #name));
#include "node_functions.inc"
#undef TENON_FUNCTION
  }
} imports;

}  // namespace
#endif
