#include <windows.h>

#include "plugin/image.h"
#include "plugin/memory.h"
#include "plugin/wide_text.h"

namespace tenon::probe {
namespace {

constexpr DWORD kExecutable =
    PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;

// Returns what the system knows about the memory at an address. `State` is 0 if it knows nothing.
MEMORY_BASIC_INFORMATION memory_at(uintptr_t address) {
  MEMORY_BASIC_INFORMATION found = {};
  if (VirtualQuery(reinterpret_cast<void *>(address), &found, sizeof(found)) == 0) found.State = 0;
  return found;
}

bool is_in(const MEMORY_BASIC_INFORMATION &found, uintptr_t base) {
  return found.State == MEM_COMMIT && found.Type == MEM_IMAGE &&
         reinterpret_cast<uintptr_t>(found.AllocationBase) == base;
}

}  // namespace

bool Image::open(const char *file, std::string &problem) {
  const HMODULE module = LoadLibraryExW(Widen(file).c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (module == nullptr) {
    problem = SystemError(GetLastError());
    return false;
  }
  HMODULE pinned = nullptr;
  const DWORD pin = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
  if (!GetModuleHandleExW(pin, reinterpret_cast<const wchar_t *>(module), &pinned)) {
    problem = SystemError(GetLastError());
    return false;
  }
  handle_ = module;
  base_ = reinterpret_cast<uintptr_t>(module);
  return true;
}

uintptr_t Image::symbol(const char *name) const {
  return reinterpret_cast<uintptr_t>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

bool Image::is_code(uintptr_t address) const {
  const MEMORY_BASIC_INFORMATION found = memory_at(address);
  return is_in(found, base_) && (found.Protect & kExecutable) != 0;
}

bool Image::owns(uintptr_t address) const {
  return is_in(memory_at(address), base_);
}

std::string Image::describe(uintptr_t address) const {
  if (address == 0) return "NULL";
  if (is_code(address)) return "code of this library";
  if (owns(address)) return "data of this library";
  const MEMORY_BASIC_INFORMATION found = memory_at(address);
  if (found.State == MEM_COMMIT && found.Type == MEM_IMAGE)
    return "another library (" + ModulePath(found.AllocationBase) + ")";
  char byte;
  return read_memory(address, &byte, 1) ? "memory of no library (heap or stack)"
                                        : "unmapped or protected memory";
}

}  // namespace tenon::probe
