/* The CPUs that this process may use, and how a thread waits on one without sleeping. */
#ifndef TENON_BASE_CPU_H
#define TENON_BASE_CPU_H

#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace tenon {

/* The number of CPUs that the calling thread may run on, at least 1. */
inline int UsableCpus() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
    /* It fails where there are more CPUs than the set has bits. */
#endif
  unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

/* Tells the CPU that this is a spin loop: it saves power and leaves the core to its other hardware thread. */
inline void Relax() {
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
  _mm_pause();
#elif defined(_MSC_VER) && defined(_M_ARM64)
  __yield();
#elif defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace tenon

#endif
