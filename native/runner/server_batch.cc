/* Packed batches in the server, with the same rules as CallMany in node/calls.cc. */
#include <string.h>

#include "runner/server.h"

namespace tenon {
namespace {

/* The offsets of a request. There are `count` + 1 of them within the record, which CountOf has checked. */
class Offsets {
 public:
  explicit Offsets(const Incoming &request)
      : offsets_(reinterpret_cast<const int32_t *>(request.bytes + sizeof(BatchRequest))) {}
  int32_t operator[](size_t i) const { return offsets_[i]; }

 private:
  const int32_t *offsets_;
};

/* Returns the number of messages, or -1 if the request is malformed. */
int64_t CountOf(const Incoming &request) {
  BatchRequest head;
  uint64_t size = request.record.size;
  if (size < sizeof(head)) return -1;
  memcpy(&head, request.bytes, sizeof(head));
  uint64_t start = BatchRequestData(head.count);
  if (start > size) return -1;
  Offsets offsets(request);
  if (offsets[0] < 0) return -1;
  for (uint32_t i = 0; i < head.count; i++) {
    if (offsets[i + 1] < offsets[i]) return -1;
  }
  uint64_t data = static_cast<uint64_t>(offsets[head.count] - offsets[0]);
  return data <= size - start ? static_cast<int64_t>(head.count) : -1;
}

/* Returns the status of a message in the answer. A violation of the contract has no status of its own. */
int32_t StatusOf(int32_t outcome) {
  if (outcome == kTooLong) return TENON_NO_MEMORY;
  return outcome < TENON_OK ? static_cast<int32_t>(TENON_POISONED) : outcome;
}

}  // namespace

void Server::Batch(const Incoming &request) {
  int64_t counted = CountOf(request);
  uint32_t count = static_cast<uint32_t>(counted);
  if (!reply_.Start(counted < 0 ? 0 : BatchResponseData(count))) return Answer(kExhausted);
  if (counted < 0) return Answer(kBadBatch);
  if (BatchResponseData(count) > reply_.longest()) {
    reply_.Start(0);
    return Answer(kTooLong);
  }
  Instance *instance = FindInstance(request);
  tenon_method method = FindMethod(request.record.method);
  int32_t refused = instance == nullptr ? static_cast<int32_t>(kClosed) : instance->condition;
  if (refused == 0 && method == nullptr) refused = kBadRequest;
  if (refused != 0) {
    reply_.Start(0);
    return Answer(refused);
  }
  Mark(Stage::kInCall, request);
  uint32_t processed = BatchLoop(instance, method, request, count);
  Unmark();
  BatchResponse head = {count, processed};
  reply_.Put(0, &head, sizeof(head));
  Answer(answer_.status);
}

/* Calls the method for each message, until a call poisons or disables the instance. The remaining messages
 * get TENON_POISONED. */
uint32_t Server::BatchLoop(Instance *instance, tenon_method method, const Incoming &request, uint32_t count) {
  Offsets offsets(request);
  const uint8_t *data = request.bytes + BatchRequestData(count);
  Breadcrumb &crumb = channel_->breadcrumb();
  size_t prefix = reply_.kept(), result_offsets = sizeof(BatchResponse),
         statuses = result_offsets + 4 * (size_t{count} + 1);
  const auto put = [this](size_t at, size_t i, int32_t value) {
    reply_.Put(at + 4 * i, &value, sizeof(value));
  };
  put(result_offsets, 0, 0);
  /* Every byte that is sent must be written, because the padding could leak earlier contents of the
   * memory. */
  const uint8_t padding[16] = {};
  size_t end_of_statuses = statuses + 4 * size_t{count};
  reply_.Put(end_of_statuses, padding, prefix - end_of_statuses);
  uint32_t i = 0;
  while (i < count && instance->condition == 0) {
    crumb.message = i;
    int32_t from = offsets[i] - offsets[0], size = offsets[i + 1] - offsets[i];
    tenon_status status = method(instance->state, data + from, static_cast<size_t>(size), reply_.Begin());
    int32_t outcome = Finish(instance, status, 0);
    if (instance->condition != 0) answer_.status = outcome;
    put(statuses, i, StatusOf(outcome));
    put(result_offsets, ++i, static_cast<int32_t>(reply_.kept() - prefix));
  }
  uint32_t processed = i;
  while (i < count) {
    put(statuses, i, TENON_POISONED);
    put(result_offsets, ++i, static_cast<int32_t>(reply_.kept() - prefix));
  }
  return processed;
}

}  // namespace tenon
