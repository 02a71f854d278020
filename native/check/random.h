/* Random numbers that depend only on the seed, on every platform. */
#ifndef TENON_CHECK_RANDOM_H
#define TENON_CHECK_RANDOM_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

/* SplitMix64: small, and good enough for generating inputs. */
class Random {
 public:
  /* Creates an independent stream of the seed. */
  Random(uint64_t seed, uint64_t stream) : state_(seed) { state_ = Next() ^ stream * 0x9e3779b97f4a7c15; }

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /* Returns a number from 0 to `bound` - 1. Returns 0 if `bound` is 0. */
  size_t Below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(Next() % bound); }
  bool OneIn(size_t chances) { return Below(chances) == 0; }
  uint8_t Byte() { return static_cast<uint8_t>(Next() >> 56); }
  /* Returns a number below `bound` that is usually small. */
  size_t Small(size_t bound) { return Below(Below(Below(bound) + 1) + 1); }

 private:
  uint64_t state_;
};

}  // namespace tenon::check

#endif
