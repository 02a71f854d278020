/* The work of every contender of the benchmark. It is the same for all, so only the overhead differs. */
#ifndef TENON_BENCH_WORK_H
#define TENON_BENCH_WORK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns a checksum of `length` bytes, eight at a time. It takes about two nanoseconds for 64 bytes, so the
 * overhead of the call is visible. */
static inline uint64_t work_sum(const uint8_t *bytes, size_t length) {
  uint64_t sum = length;
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    sum += word;
  }
  for (; length > 0; bytes++, length--) sum += *bytes;
  return sum;
}

static inline int32_t work_min(int32_t a, int32_t b) {
  return a < b ? a : b;
}

#endif
