#include <windows.h>

#include "plugin/frames.h"
#include "plugin/memory.h"

namespace tenon {
namespace {

#if defined(_M_ARM64) || defined(__aarch64__)
DWORD64 &CounterOf(CONTEXT *context) {
  return context->Pc;
}
/* Returns from a function without unwind information, which has no frame. */
bool LeaveLeaf(CONTEXT *context) {
  bool moved = context->Pc != context->Lr;
  context->Pc = context->Lr;
  return moved;
}
#else
DWORD64 &CounterOf(CONTEXT *context) {
  return context->Rip;
}
bool LeaveLeaf(CONTEXT *context) {
  uint64_t address;
  if (!probe::read_memory(context->Rsp, &address, sizeof(address))) return false;
  context->Rip = address;
  context->Rsp += sizeof(address);
  return true;
}
#endif

/* Continues with the caller of the function. Returns false at the end of the stack. */
bool Leave(CONTEXT *context) {
  DWORD64 base = 0, before = CounterOf(context);
  RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(before, &base, nullptr);
  if (function == nullptr) return LeaveLeaf(context);
  void *handler_data = nullptr;
  DWORD64 frame = 0;
  RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, before, function, context, &handler_data, &frame, nullptr);
  return CounterOf(context) != 0;
}

}  // namespace

uint32_t CollectFrames(const void *context, uint64_t *frames) {
  CONTEXT at = *static_cast<const CONTEXT *>(context);
  uint32_t count = 0;
  while (count < kMaxFrames && Leave(&at)) {
    if (CounterOf(&at) == 0) break;
    frames[count++] = CounterOf(&at);
  }
  return count;
}

}  // namespace tenon
