/* Finds the operands of an instruction that compares, for plugins that do not report their comparisons. x86-64
 * only. */
#ifndef TENON_CHECK_COMPARE_DECODER_H
#define TENON_CHECK_COMPARE_DECODER_H

#include <stdint.h>
#include <ucontext.h>

namespace tenon::check {

struct Operands {
  uint64_t one, other;
  unsigned size; /* in bytes */
};

/* Returns true if the next instruction compares two integers, by cmp or by xor. It reads the operand in memory
 * without a check, as the instruction is about to do. */
bool DecodeCompare(const ucontext_t &context, Operands *operands);

}  // namespace tenon::check

#endif
