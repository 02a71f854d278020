/* The CPUs that this process may use, and the pause instruction of a spin loop. */
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

/* Returns the number of CPUs that the calling thread may run on, at least 1. */
inline int UsableCpus() {
#if defined(__linux__)
  /* sched_getaffinity fails on a machine with more CPUs than the set has bits. */
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : static_cast<int>(count);
}

/* Signals the CPU that this is a spin loop: it saves power and yields the core to its other hardware
 * thread. */
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
