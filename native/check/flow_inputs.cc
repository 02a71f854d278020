#include "check/flow_inputs.h"

#include "tenon_frame.h"

namespace tenon::check {
namespace {

/* Two events of stream 1. They are JSON, which most stages accept. */
std::string EventFrame() {
  tenon_frame_writer writer = {};
  tenon_out out = tenon_memory();
  tenon_frame_begin(&writer, &out);
  for (uint64_t position = 1; position <= kLastPosition; position++) {
    const tenon_row row = {1, position, tenon_now_ns(), TENON_FLOW_ROW, {nullptr, 0}};
    tenon_frame_add(&writer, "{\"a\":1}", 7);
    tenon_frame_end_row(&writer, &row);
  }
  std::string frame;
  if (tenon_frame_end(&writer, TENON_FLOW_MORE, 0) == TENON_OK)
    frame.assign(reinterpret_cast<const char *>(out.data), out.len);
  tenon_frame_free(&writer);
  free(out.data);
  return frame;
}

template <class Struct>
std::string BytesOf(const Struct &value) {
  return std::string(reinterpret_cast<const char *>(&value), sizeof value);
}

}  // namespace

bool ConnectsFirst(const std::string &kind) {
  return kind == "source/1" || kind == "sink/1";
}

std::string FlowInput(const std::string &kind, size_t slot) {
  const bool stage = kind == "preprocessor/1" || kind == "postprocessor/1";
  if (kind == "source/1" && slot == 1) return BytesOf(tenon_credit{16, 65536});
  if (kind == "sink/1" && slot == 1) return EventFrame();
  if (stage && slot == 0) return EventFrame();
  if (stage && slot == 1) return BytesOf(uint64_t{1});
  return std::string();
}

}  // namespace tenon::check
