// The floating-point mode of a thread: rounding, traps, and whether subnormal numbers count as zero.
#ifndef TENON_PLUGIN_FLOAT_MODE_H
#define TENON_PLUGIN_FLOAT_MODE_H

#include <cstdint>

namespace tenon {

// The mode is saved when the object is created. A library that was linked with -ffast-math changes it when it
// is loaded. Processors that are not listed here keep the plugin's mode.
class FloatMode {
 public:
  FloatMode() : saved_(Read()) {}

  // Restores the saved mode. Returns whether it had changed.
  bool Restore() const {
    const Words now = Read();
    if (now.control == saved_.control && now.x87 == saved_.x87) return false;
    Write(saved_);
    return true;
  }

 private:
  struct Words {
    uint64_t control;
    uint16_t x87;
  };

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__) && defined(__SSE__)
  // The low six bits of MXCSR report exceptions of the past.
  static constexpr uint32_t kModeBits = 0xffc0;

  static uint32_t ReadMxcsr() {
    uint32_t word;
    __asm__ volatile("stmxcsr %0" : "=m"(word));
    return word;
  }
  static Words Read() {
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return {ReadMxcsr() & kModeBits, x87};
  }
  static void Write(const Words &words) {
    // A pending exception would trap as soon as its mask is lifted, so none is kept.
    const uint32_t word = static_cast<uint32_t>(words.control);
    __asm__ volatile("ldmxcsr %0" : : "m"(word));
    __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(words.x87));
  }
#elif defined(__aarch64__) && defined(__GNUC__)
  static Words Read() {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return {word, 0};
  }
  static void Write(const Words &words) {
    __asm__ volatile("msr fpcr, %0" : : "r"(words.control));
  }
#else
  static Words Read() {
    return {0, 0};
  }
  static void Write(const Words &) {}
#endif

  const Words saved_;
};

}  // namespace tenon

#endif
