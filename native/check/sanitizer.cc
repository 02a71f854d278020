#include "check/sanitizer.h"

/* NULL unless the program was linked with the runtime. */
extern "C" __attribute__((weak)) void __asan_init();
extern "C" __attribute__((weak)) void __tsan_init();
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();
extern "C" __attribute__((weak)) void __asan_poison_memory_region(const volatile void *, size_t);
extern "C" __attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *, size_t);

namespace tenon::check {
namespace {

bool under_valgrind = false;

}  // namespace

void SetUnderValgrind() {
  under_valgrind = true;
}

bool IsUnderValgrind() {
  return under_valgrind;
}

bool HasSanitizer() {
  return __asan_init != nullptr || __tsan_init != nullptr;
}

void LookForLeaks() {
  if (__lsan_do_recoverable_leak_check != nullptr) __lsan_do_recoverable_leak_check();
}

bool HeapIsChecked() {
  return under_valgrind || __asan_poison_memory_region != nullptr;
}

void ForbidAccess(void *start, size_t size) {
  if (__asan_poison_memory_region != nullptr) __asan_poison_memory_region(start, size);
}

void AllowAccess(void *start, size_t size) {
  if (__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(start, size);
}

}  // namespace tenon::check
