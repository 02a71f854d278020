/* The work that every contender of the benchmark does: the same function, so that only the way to it differs. */
#ifndef TENON_BENCH_WORK_H
#define TENON_BENCH_WORK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A hash of `length` bytes, eight at a time: a few nanoseconds for 64 bytes. */
static inline uint64_t work_hash(const uint8_t *bytes, size_t length) {
  uint64_t hash = 14695981039346656037u;
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    hash = (hash ^ word) * 1099511628211u;
  }
  for (; length > 0; bytes++, length--) hash = (hash ^ *bytes) * 1099511628211u;
  return hash;
}

static inline int32_t work_min(int32_t a, int32_t b) { return a < b ? a : b; }

#endif
