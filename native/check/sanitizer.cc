#include "check/sanitizer.h"

/* NULL unless the program was linked with the runtime. */
extern "C" __attribute__((weak)) void __asan_init();
extern "C" __attribute__((weak)) void __tsan_init();
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();

namespace tenon::check {

bool HasSanitizer() {
  return __asan_init != nullptr || __tsan_init != nullptr;
}

void LookForLeaks() {
  if (__lsan_do_recoverable_leak_check != nullptr) __lsan_do_recoverable_leak_check();
}

}  // namespace tenon::check
