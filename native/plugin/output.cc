#include "plugin/output.h"

#include <stdlib.h>

#include <type_traits>

namespace tenon {
namespace {

constexpr size_t kSmallestBlock = 64 * 1024;
constexpr size_t kLargestKeptBlock = 4 * 1024 * 1024;

}  // namespace

static_assert(std::is_standard_layout<Output>::value, "Reserve gets the address of the first member");

Output::~Output() {
  free(block_);
}

int32_t Output::Discard(int32_t finding) {
  ArmCanary(data_, capacity_);
  out_.len = 0;
  return finding;
}

bool Output::MakeBlock() {
  out_.len = 0;
  start_ = 0;
  grown_ = true; /* no earlier output has to be moved into the block */
  return Grow(kSmallestBlock) == TENON_OK;
}

tenon_status Output::Reserve(tenon_out *out, size_t additional) {
  /* A copy of the struct, or the struct of a call that has ended, is not backed by the host. */
  Output *output = reinterpret_cast<Output *>(out);
  if (output == nullptr || output->magic_ != kMagic || !output->open_) return TENON_NO_MEMORY;
  int32_t finding = output->Inspect();
  if (finding != 0) {
    if (output->breach_ == 0) output->breach_ = finding;
    return TENON_NO_MEMORY;
  }
  if (additional <= out->capacity - out->len) return TENON_OK;
  return output->Grow(additional);
}

tenon_status Output::Grow(size_t additional) {
  size_t used = start_ + out_.len;
  if (additional > kMaxOutput - used) return TENON_NO_MEMORY;
  size_t wanted = used + additional;
  if (wanted < 2 * block_capacity_) wanted = 2 * block_capacity_;
  if (wanted < kSmallestBlock) wanted = kSmallestBlock;
  if (wanted > kMaxOutput) wanted = kMaxOutput;
  if (grown_ || used + additional > block_capacity_) {
    if (!grown_) Free(); /* its contents belong to an earlier call */
    uint8_t *block = static_cast<uint8_t *>(realloc(block_, wanted + kGuardSize));
    if (block == nullptr) {
      refused_ = wanted;
      return TENON_NO_MEMORY;
    }
    block_ = block;
    block_capacity_ = wanted;
    ArmCanary(block_, block_capacity_);
  }
  if (!grown_ && out_.len != 0) memcpy(block_, data_, out_.len);
  grown_ = true;
  out_.data = data_ = block_ + start_;
  out_.capacity = capacity_ = block_capacity_ - start_;
  return TENON_OK;
}

void Output::Free() {
  free(block_);
  block_ = nullptr;
  block_capacity_ = 0;
}

void Output::Trim() {
  if (block_capacity_ > kLargestKeptBlock) Free();
}

uint8_t *Output::ReleaseBlock() {
  uint8_t *block = block_;
  block_ = nullptr;
  block_capacity_ = 0;
  return block;
}

bool IsUtf8(const uint8_t *bytes, size_t length) {
  size_t i = 0;
  while (i < length) {
    uint8_t lead = bytes[i++];
    if (lead < 0x80) continue;
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || more > length - i) return false;
    uint8_t second = bytes[i];
    /* Overlong forms, surrogates and values above U+10FFFF are malformed. */
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
      return false;
    }
    for (; more > 0; more--) {
      if ((bytes[i++] & 0xc0) != 0x80) return false;
    }
  }
  return true;
}

}  // namespace tenon
