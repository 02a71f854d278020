#include "check/unlocked_update.h"

#include <string.h>

namespace tenon::check {
namespace {

/* The encoding is described in the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2,
 * chapter 2 (instruction format) and chapters 3 to 5 (opcodes). */
struct Prefixes {
  size_t length = 0;
  bool locked = false, narrow = false;
  uint8_t rex = 0;
};

Prefixes ReadPrefixes(const uint8_t *code) {
  Prefixes found;
  for (; found.length < 4; found.length++) {
    uint8_t byte = code[found.length];
    if (byte == 0xf0 || byte == 0x64 || byte == 0x65) {
      found.locked = true; /* thread-local memory needs no lock either */
    } else if (byte == 0x66) {
      found.narrow = true;
    } else {
      break;
    }
  }
  if ((code[found.length] & 0xf0) == 0x40) found.rex = code[found.length++];
  return found;
}

/* Returns the size of the immediate operand, or -1 if the instruction does not update memory. */
int ImmediateSize(uint8_t opcode, uint8_t extension, bool narrow) {
  const bool compares = extension == 7;
  switch (opcode) {
    case 0x00: /* add */
    case 0x01:
    case 0x08: /* or */
    case 0x09:
    case 0x20: /* and */
    case 0x21:
    case 0x28: /* sub */
    case 0x29:
    case 0x30: /* xor */
    case 0x31:
      return 0;
    case 0x80: /* one of these, or cmp, with an immediate operand */
    case 0x83:
      return compares ? -1 : 1;
    case 0x81:
      return compares ? -1 : narrow ? 2 : 4;
    case 0xfe: /* inc, dec, or others */
    case 0xff:
      return extension < 2 ? 0 : -1;
    default:
      return -1;
  }
}

bool IsOfBytes(uint8_t opcode) {
  return opcode == 0x80 || opcode == 0xfe || (opcode < 0x40 && (opcode & 1) == 0);
}

}  // namespace

UnlockedUpdate DecodeUnlockedUpdate(const uint8_t *code, const uint64_t registers[16]) {
  const Prefixes prefixes = ReadPrefixes(code);
  if (prefixes.locked) return {};
  const uint8_t *at = code + prefixes.length;
  const uint8_t opcode = at[0], mode = at[1] >> 6, extension = at[1] >> 3 & 7, base = at[1] & 7;
  const int immediate = ImmediateSize(opcode, extension, prefixes.narrow);
  if (immediate < 0 || mode == 3 || base == 4) return {};
  const bool relative = mode == 0 && base == 5;
  int32_t wide = 0;
  memcpy(&wide, at + 2, sizeof(wide));
  const size_t displaced = mode == 1 ? 1 : mode == 2 || relative ? 4 : 0;
  const int64_t distance = displaced == 0 ? 0 : displaced == 1 ? static_cast<int8_t>(at[2]) : wide;
  const size_t length = prefixes.length + 2 + displaced + static_cast<size_t>(immediate);
  const uint64_t from = relative ? reinterpret_cast<uintptr_t>(code) + length
                                 : registers[base + ((prefixes.rex & 1) != 0 ? 8 : 0)];
  UnlockedUpdate update;
  update.address = from + static_cast<uint64_t>(distance);
  update.size = IsOfBytes(opcode) ? 1 : (prefixes.rex & 8) != 0 ? 8 : prefixes.narrow ? 2 : 4;
  return update;
}

}  // namespace tenon::check
