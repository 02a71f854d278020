#include "runner/standard_output.h"

#include <stdio.h>

#include "runner/windows/libraries_of_c.h"

namespace tenon {
namespace {

/* The size of a FILE of msvcrt.dll, whose three standard streams are an array. */
constexpr size_t kOldFile = 48;

void *OutputOf(HMODULE library) {
  auto stream = FindFunction<void *(*)(unsigned)>(library, "__acrt_iob_func");
  if (stream != nullptr) return stream(1);
  auto streams = FindFunction<char *(*)()>(library, "__iob_func");
  return streams == nullptr ? nullptr : streams() + kOldFile;
}

}  // namespace

/* Windows has no buffering by lines, so there is none. */
void WriteLinesAtOnce() {
  ForEachLibraryOfC([](HMODULE library) {
    auto set = FindFunction<int (*)(void *, char *, int, size_t)>(library, "setvbuf");
    void *output = OutputOf(library);
    if (set != nullptr && output != nullptr) set(output, nullptr, _IONBF, 0);
  });
}

void FlushOutput() {
  ForEachLibraryOfC([](HMODULE library) {
    auto flush = FindFunction<int (*)(void *)>(library, "fflush");
    if (flush != nullptr) flush(nullptr);
  });
}

}  // namespace tenon
