/* float_mode.h - the floating-point mode that -ffast-math selects. */
#ifndef TENON_FLOAT_MODE_H
#define TENON_FLOAT_MODE_H

/* Turns subnormal numbers to zero on the calling thread. */
static void flush_to_zero(void) {
#if defined(__x86_64__)
  unsigned word;
  __asm__ volatile("stmxcsr %0" : "=m"(word));
  word |= 0x8040;
  __asm__ volatile("ldmxcsr %0" : : "m"(word));
#elif defined(__aarch64__)
  unsigned long word;
  __asm__ volatile("mrs %0, fpcr" : "=r"(word));
  word |= 1ul << 24;
  __asm__ volatile("msr fpcr, %0" : : "r"(word));
#endif
}

#endif
