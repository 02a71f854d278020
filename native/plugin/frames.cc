#include "plugin/frames.h"

#include <initializer_list>

#include "plugin/frames_system.h"

namespace tenon {
namespace {

constexpr uintptr_t kScanned = 16 * 1024;
/* The largest distance below a stack of a stack pointer that has overflowed into the guard, in bytes. */
constexpr uintptr_t kGap = 256 * 1024;

/* The plugin's code. Set before a crash can be handled. */
uintptr_t code_start, code_end;

bool IsPluginCode(uintptr_t address) {
  return address >= code_start && address < code_end;
}

/* Returns whether the instruction before `address`, which is code of the plugin, is a call. Other words that
 * look like code are addresses of functions, or stale values on the stack. */
bool IsBehindCall(uintptr_t address) {
#if defined(__x86_64__)
  if (address - code_start < 7) return false;
  const uint8_t *code = reinterpret_cast<const uint8_t *>(address);
  if (code[-5] == 0xe8) return true;
  for (int length : {2, 3, 4, 6, 7}) { /* the forms of FF /2 */
    if (code[-length] == 0xff && (code[1 - length] >> 3 & 7) == 2) return true;
  }
  return false;
#elif defined(__aarch64__)
  if (address % 4 != 0 || address - code_start < 4) return false;
  uint32_t before = *reinterpret_cast<const uint32_t *>(address - 4);
  return before >> 26 == 0x25 || (before & 0xfffffc1f) == 0xd63f0000; /* BL, BLR */
#else
  (void)address;
  return true;
#endif
}

/* Follows frame pointers for as long as they are plausible. */
uint32_t WalkFrames(uintptr_t frame, uint64_t *frames) {
  uint32_t count = 0;
  while (count < kMaxFrames) {
    uintptr_t next, address;
    if (!ReadWord(frame, &next) || !ReadWord(frame + sizeof(uintptr_t), &address) || address < kFirstPage)
      break;
    frames[count++] = address;
    if (next <= frame || next - frame > kGap) break;
    frame = next;
  }
  return count;
}

/* Finds return addresses without frame pointers: words on the stack that point after a call in the plugin's
 * code. */
uint32_t ScanStack(uintptr_t sp, uint64_t *frames) {
  uint32_t count = 0;
  uintptr_t at = sp & ~(sizeof(uintptr_t) - 1), word;
  for (uintptr_t limit = at + kGap; at < limit && !ReadWord(at, &word);) at = (at | (kFirstPage - 1)) + 1;
  for (uintptr_t limit = at + kScanned; at < limit && count < kMaxFrames; at += sizeof(uintptr_t)) {
    if (!ReadWord(at, &word)) break;
    if (IsPluginCode(word) && IsBehindCall(word)) frames[count++] = word;
  }
  return count;
}

bool HasPluginCode(const uint64_t *frames, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (IsPluginCode(frames[i])) return true;
  }
  return false;
}

}  // namespace

void SetFrameCode(uintptr_t start, uintptr_t end) {
  code_start = start;
  code_end = end;
}

uint32_t CollectFrames(const Registers &registers, uint64_t *frames, bool *scanned) {
  uint32_t count = WalkFrames(registers.frame, frames);
  bool found = HasPluginCode(frames, count);
  if (!found) count = ScanStack(registers.sp, frames);
  if (scanned != nullptr) *scanned = !found;
  return count;
}

}  // namespace tenon
