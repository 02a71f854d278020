#include "check/compare_decoder.h"

#include <string.h>

namespace tenon::check {

#if defined(__x86_64__)
namespace {

/* General registers by their number in an instruction. */
constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
constexpr uint8_t kOperandSize = 0x66;
constexpr unsigned kStackPointer = 4, kBasePointer = 5;
/* The number of an operation in the second byte of an instruction with an immediate. */
constexpr unsigned kXor = 6, kCmp = 7;

/* An instruction: prefixes, opcode, ModRM byte, SIB byte, displacement, immediate. The encoding is that of the
 * Intel 64 manual, volume 2, chapter 2. */
class Instruction {
 public:
  explicit Instruction(const ucontext_t &context)
      : registers_(context.uc_mcontext.gregs), at_(reinterpret_cast<const uint8_t *>(registers_[REG_RIP])) {
    if (*at_ == kOperandSize) narrow_ = true, at_++;
    if ((*at_ & 0xf0) == 0x40) prefix_ = *at_++;
  }

  bool Decode(Operands *operands) {
    uint8_t opcode = *at_++;
    bool bytes = (opcode & 1) == 0 && opcode != 0x82;
    operands->size = opcode == 0x83 ? Width(false) : Width(bytes);
    size_ = operands->size;
    switch (opcode) {
      case 0x30:
      case 0x31:
      case 0x32:
      case 0x33: /* xor */
      case 0x38:
      case 0x39:
      case 0x3a:
      case 0x3b: /* cmp */
        return OfRegisters(operands);
      case 0x34:
      case 0x35:
      case 0x3c:
      case 0x3d:
        operands->one = Register(0);
        operands->other = Immediate(bytes ? 1 : ImmediateSize());
        return true;
      case 0x80:
      case 0x81:
      case 0x83:
        return WithImmediate(opcode == 0x81 ? ImmediateSize() : 1, operands);
      default:
        return false;
    }
  }

 private:
  unsigned Width(bool bytes) const {
    if (bytes) return 1;
    return (prefix_ & 8) != 0 ? 8 : narrow_ ? 2 : 4;
  }
  unsigned ImmediateSize() const { return size_ == 2 ? 2 : 4; }

  bool OfRegisters(Operands *operands) {
    uint8_t modes = *at_++;
    unsigned number = ((modes >> 3) & 7) | (prefix_ & 4) << 1;
    if (modes >> 6 == 3 && number == (unsigned{modes} & 7) + ((prefix_ & 1) << 3)) return false;
    operands->other = Register(number);
    return Place(modes, 0, &operands->one);
  }

  bool WithImmediate(unsigned size, Operands *operands) {
    uint8_t modes = *at_++;
    unsigned operation = (modes >> 3) & 7;
    if (operation != kCmp && operation != kXor) return false;
    if (!Place(modes, size, &operands->one)) return false;
    operands->other = Immediate(size);
    return true;
  }

  /* Reads the operand that a ModRM byte names. `behind` is the number of bytes after the displacement. */
  bool Place(uint8_t modes, unsigned behind, uint64_t *value) {
    unsigned mode = modes >> 6, base = modes & 7u;
    if (mode == 3) return *value = Register(base | (prefix_ & 1) << 3), true;
    uint64_t address = base == kStackPointer ? Scaled(mode) : BaseOf(mode, base, behind);
    if (mode == 1) address += static_cast<uint64_t>(static_cast<int8_t>(*at_++));
    if (mode == 2) address += Displacement();
    uint64_t read = 0;
    memcpy(&read, reinterpret_cast<const void *>(address), size_);
    return *value = read, true;
  }

  uint64_t BaseOf(unsigned mode, unsigned base, unsigned behind) {
    if (mode != 0 || base != kBasePointer) return Whole(base | (prefix_ & 1) << 3);
    uint64_t displacement = Displacement(); /* from the next instruction */
    return reinterpret_cast<uint64_t>(at_) + behind + displacement;
  }

  uint64_t Scaled(unsigned mode) {
    uint8_t scaled = *at_++;
    unsigned base = scaled & 7u, index = ((scaled >> 3) & 7u) | (prefix_ & 2) << 2;
    uint64_t address = index == kStackPointer ? 0 : Whole(index) << (scaled >> 6);
    if (mode == 0 && base == kBasePointer) return address + Displacement();
    return address + Whole(base | (prefix_ & 1) << 3);
  }

  uint64_t Displacement() {
    int32_t value;
    memcpy(&value, at_, sizeof(value));
    at_ += sizeof(value);
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }

  uint64_t Immediate(unsigned size) {
    int8_t byte = static_cast<int8_t>(*at_);
    if (size == 1) return Cut(static_cast<uint64_t>(int64_t{byte}));
    int32_t value = 0;
    memcpy(&value, at_, size);
    return Cut(static_cast<uint64_t>(int64_t{value}));
  }

  uint64_t Whole(unsigned number) const { return static_cast<uint64_t>(registers_[kRegisters[number & 15]]); }
  uint64_t Register(unsigned number) const {
    /* Without a prefix, the numbers 4 to 7 are the second bytes of the first four registers. */
    if (size_ == 1 && prefix_ == 0 && number >= 4 && number < 8) return (Whole(number - 4) >> 8) & 0xff;
    return Cut(Whole(number));
  }
  uint64_t Cut(uint64_t value) const { return size_ == 8 ? value : value & ((uint64_t{1} << 8 * size_) - 1); }

  const greg_t *registers_;
  const uint8_t *at_;
  bool narrow_ = false;
  uint8_t prefix_ = 0;
  unsigned size_ = 4;
};

}  // namespace

bool DecodeCompare(const ucontext_t &context, Operands *operands) {
  return Instruction(context).Decode(operands);
}

#else

bool DecodeCompare(const ucontext_t &, Operands *) {
  return false;
}

#endif

}  // namespace tenon::check
