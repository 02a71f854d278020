/* Decodes the x86-64 instructions that read memory, change it and write it back without a lock prefix. */
#ifndef TENON_CHECK_UNLOCKED_UPDATE_H
#define TENON_CHECK_UNLOCKED_UPDATE_H

#include <stddef.h>
#include <stdint.h>

namespace tenon::check {

struct UnlockedUpdate {
  uintptr_t address = 0;
  size_t size = 0; /* 0 if the instruction is another one */
};

/* Decodes the instruction at `code`. `registers` has the values of the registers in the order of their numbers
 * (rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15). Addresses with an index register are not decoded. */
UnlockedUpdate DecodeUnlockedUpdate(const uint8_t *code, const uint64_t registers[16]);

}  // namespace tenon::check

#endif
