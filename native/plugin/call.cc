#include "plugin/call.h"

namespace tenon {

const uint8_t kNothing[16] = {};

int32_t Judge(const Output &output, int32_t outcome, Condition *condition) {
  if (outcome > TENON_OK && !IsUtf8(output.data(), output.length())) outcome = kNotText;
  if (outcome == TENON_PANIC || outcome == TENON_POISONED) *condition = Condition::kPoisoned;
  if (outcome <= kBadStatus) *condition = Condition::kDisabled;
  return outcome;
}

BatchEnd CallEach(Output *output, Condition *condition, tenon_method method, void *state,
                  const PackedBatch &batch) {
  BatchEnd end = {TENON_OK, TENON_OK, 0, 0};
  size_t i = 0;
  batch.result_offsets[0] = 0;
  while (i < batch.count && *condition == Condition::kLive) {
    int32_t from = batch.offsets[i], to = batch.offsets[i + 1];
    tenon_out *out = output->BeginAppend(end.length);
    if (out == nullptr) {
      batch.statuses[i] = TENON_NO_MEMORY;
    } else {
      tenon_status status = method(state, batch.data + from, static_cast<size_t>(to - from), out);
      int32_t outcome = output->End(status);
      if (outcome != TENON_OK) {
        end.outcome = outcome = Judge(*output, outcome, condition);
        end.detail = status;
      }
      /* A message at which the plugin violated the contract has no output. */
      if (outcome >= TENON_OK) end.length += output->length();
      batch.statuses[i] = outcome >= TENON_OK ? outcome : static_cast<int32_t>(TENON_POISONED);
    }
    batch.result_offsets[++i] = static_cast<int32_t>(end.length);
  }
  if (*condition == Condition::kLive) end.outcome = TENON_OK;
  end.processed = i;
  while (i < batch.count) {
    batch.statuses[i] = TENON_POISONED;
    batch.result_offsets[++i] = static_cast<int32_t>(end.length);
  }
  return end;
}

}  // namespace tenon
