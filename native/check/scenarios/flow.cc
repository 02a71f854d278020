/* Scenarios of group `flow`: connectors and stages of flows, called as flows call them (include/tenon_flow.h). */
#include <map>

#include "check/flow_inputs.h"
#include "check/guarded.h"
#include "check/methods.h"
#include "check/scenarios.h"
#include "check/trial.h"
#include "tenon_frame.h"

namespace tenon::check {
namespace {

/* Pulls of a source, and the credits that are given for them in turn. */
constexpr int kPulls = 12;
constexpr tenon_credit kCredits[] = {{1, 1}, {3, 40}, {1000, 65536}};

/* The methods of one kind of flows. */
struct FlowKind {
  std::string id;
  std::vector<Method> methods;
  bool connects() const { return ConnectsFirst(id); }
};

std::vector<FlowKind> RequireFlowKinds(Plugin &plugin) {
  plugin.Load();
  std::vector<FlowKind> kinds;
  for (const Method &method : MethodsOf(plugin)) {
    if (FlowInput(method.kind, ConnectsFirst(method.kind) ? 1 : 0).empty()) continue;
    if (kinds.empty() || kinds.back().id != method.kind) kinds.push_back({method.kind, {}});
    kinds.back().methods.push_back(method);
  }
  if (kinds.empty()) plugin.report().Skip("the plugin has no kind of flows");
  return kinds;
}

/* Connects an instance, if its kind does that. Returns false if there is no connection with this config. */
bool Connect(Plugin &plugin, Instance &instance, const FlowKind &kind) {
  if (!kind.connects()) return true;
  plugin.report().Stage("connect of " + kind.id);
  return instance.Call(kind.methods[0].call, "", 0).ok();
}

void RequireConnection(Plugin &plugin, Instance &instance, const FlowKind &kind) {
  if (Connect(plugin, instance, kind)) return;
  plugin.report().Incomplete("connect of " + kind.id +
                             " did not succeed. Give a config with which it does: --plugin-config");
}

/* ---- closed ---- */

void ClosedFirst(Plugin &plugin) {
  Host &host = *new Host;
  for (const FlowKind &kind : RequireFlowKinds(plugin)) {
    for (size_t slot = 1; kind.connects() && slot < kind.methods.size(); slot++) {
      Instance instance(plugin, host.get(), plugin.options().config);
      plugin.RequireInstance(instance);
      const Method &method = kind.methods[slot];
      plugin.report().Stage("call of " + method.name + " before connect");
      const std::string input = FlowInput(kind.id, slot);
      const CallResult result = instance.Call(method.call, input.data(), input.size());
      if (result.status != TENON_CLOSED)
        plugin.report().Finding("The " + method.name + " returned the status " +
                                std::to_string(result.status) + " before connect, expected TENON_CLOSED");
    }
  }
}

/* ---- hostile-frames ---- */

/* Frames that break the layout, each with what is wrong. */
std::vector<std::pair<std::string, std::string>> HostileFrames(const std::string &good) {
  std::vector<std::pair<std::string, std::string>> frames;
  const auto word = [&](const char *fault, size_t member, uint32_t value) {
    std::string frame = good;
    memcpy(&frame[member], &value, sizeof value);
    frames.emplace_back(fault, frame);
  };
  const auto inside = [&](const char *fault, uint32_t column, size_t at, uint32_t value) {
    word(fault, column + at, value);
  };
  tenon_events head;
  memcpy(&head, good.data(), sizeof head);
  frames.emplace_back("has no bytes", "");
  frames.emplace_back("ends within its head", good.substr(0, sizeof head / 2));
  frames.emplace_back("lacks its last bytes", good.substr(0, good.size() - 8));
  word("has a length beyond its end", offsetof(tenon_events, length), head.length + 4096);
  word("has a head that is too small", offsetof(tenon_events, size), sizeof head - 8);
  word("has a head beyond its end", offsetof(tenon_events, size), UINT32_MAX - 7);
  word("has 2^30 rows", offsetof(tenon_events, rows), 1u << 30);
  word("has 2^32 - 1 rows", offsetof(tenon_events, rows), UINT32_MAX);
  word("has rows and no offsets", offsetof(tenon_events, offsets), 0);
  word("has offsets at 4 GiB", offsetof(tenon_events, offsets), UINT32_MAX - 7);
  word("has data at 4 GiB", offsetof(tenon_events, data), UINT32_MAX - 7);
  word("has rows with bytes and no data", offsetof(tenon_events, data), 0);
  word("has positions behind its end", offsetof(tenon_events, positions), head.length);
  word("has marks at an odd place", offsetof(tenon_events, marks), head.offsets + 1);
  word("has metadata behind its end", offsetof(tenon_events, meta_offsets), head.length);
  inside("has a negative offset", head.offsets, 0, UINT32_MAX);
  inside("has offsets that decrease", head.offsets, 4, 1u << 20);
  inside("has a row that ends outside of it", head.offsets, 4 * head.rows, INT32_MAX);
  return frames;
}

void HostileFrames(Plugin &plugin) {
  Host &host = *new Host;
  for (const FlowKind &kind : RequireFlowKinds(plugin)) {
    if (kind.id == "source/1") continue;
    const size_t slot = kind.connects() ? 1 : 0;
    if (slot >= kind.methods.size()) continue;
    const Method &method = kind.methods[slot];
    for (const auto &[fault, bytes] : HostileFrames(FlowInput(kind.id, slot))) {
      Instance instance(plugin, host.get(), plugin.options().config);
      plugin.RequireInstance(instance);
      RequireConnection(plugin, instance, kind);
      Guarded &input = LastingGuarded(bytes);
      plugin.report().Stage("call of " + method.name + " with a frame that " + fault);
      const CallResult result = instance.Call(method.call, input.data(), bytes.size());
      if (result.status != TENON_INVALID)
        plugin.report().Finding("The " + method.name + " returned the status " +
                                    std::to_string(result.status) + " for a frame that " + fault +
                                    ", expected TENON_INVALID",
                                bytes, "input");
    }
  }
}

/* ---- frames ---- */

/* Reads a frame of the plugin. Returns false after a finding. */
bool ReadFrame(Plugin &plugin, const std::string &what, const std::string &bytes, tenon_frame *frame) {
  const char *problem =
      tenon_frame_problem(frame, reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  if (problem == nullptr) return true;
  plugin.report().Finding("The result of " + what + " is not a valid frame: " + problem);
  return false;
}

/* Reports a frame that exceeds its credit, or whose positions do not rise. Returns whether there was nothing. */
bool ExpectPulled(Plugin &plugin, const tenon_frame &frame, const tenon_credit &credit,
                  std::map<uint64_t, uint64_t> *last) {
  const uint32_t rows = frame.head.rows;
  const auto found = [&](const std::string &problem) {
    plugin.report().Finding("A pull of source/1 " + problem);
    return false;
  };
  if (rows > credit.rows)
    return found("returned " + std::to_string(rows) + " rows, expected at most the credit, " +
                 std::to_string(credit.rows));
  const size_t before = rows == 0 ? 0 : tenon_frame_rows(&frame, 0, rows - 1).len;
  if (before > credit.bytes)
    return found("returned " + std::to_string(before) + " bytes before its last row, expected at most " +
                 "the credit, " + std::to_string(credit.bytes));
  for (uint32_t i = 0; i < rows; i++) {
    const uint64_t stream = tenon_frame_stream(&frame, i), position = tenon_frame_position(&frame, i);
    const uint8_t mark = tenon_frame_mark(&frame, i);
    const bool ends = mark == TENON_FLOW_END || mark == TENON_FLOW_BROKEN;
    const auto known = last->find(stream);
    if (known != last->end() && (ends ? position < known->second : position <= known->second))
      return found("returned the position " + std::to_string(position) + " of stream " +
                   std::to_string(stream) + " after " + std::to_string(known->second) +
                   ", expected a larger one");
    (*last)[stream] = position;
  }
  return true;
}

void PullFrames(Plugin &plugin, Instance &instance, const FlowKind &kind) {
  std::map<uint64_t, uint64_t> last;
  for (int i = 0; i < kPulls; i++) {
    const tenon_credit &credit = kCredits[static_cast<size_t>(i) % (sizeof kCredits / sizeof *kCredits)];
    plugin.report().Stage("pull of source/1");
    const CallResult result = instance.Call(kind.methods[1].call, &credit, sizeof credit);
    tenon_frame frame;
    if (!result.ok() || !ReadFrame(plugin, "pull of source/1", result.bytes, &frame)) return;
    if (!ExpectPulled(plugin, frame, credit, &last) || frame.head.state == TENON_FLOW_DONE) return;
  }
}

/* Passes a frame through a stage, and finishes its stream. */
void StageFrames(Plugin &plugin, Instance &instance, const FlowKind &kind) {
  for (const Method &method : kind.methods) {
    const std::string input = FlowInput(kind.id, method.slot);
    plugin.report().Stage("call of " + method.name + " as a flow makes it");
    const CallResult result = instance.Call(method.call, input.data(), input.size());
    tenon_frame frame;
    if (!result.ok() || result.bytes.empty()) continue;
    if (!ReadFrame(plugin, method.name, result.bytes, &frame)) return;
    for (uint32_t i = 0; i < frame.head.rows; i++) {
      const uint64_t position = tenon_frame_position(&frame, i);
      if (position <= kLastPosition && (i == 0 || position >= tenon_frame_position(&frame, i - 1))) continue;
      plugin.report().Finding("The " + method.name + " returned the position " + std::to_string(position) +
                              ", expected positions that do not decrease, up to that of the input, " +
                              std::to_string(kLastPosition));
      return;
    }
  }
}

void Frames(Plugin &plugin) {
  Host &host = *new Host;
  for (const FlowKind &kind : RequireFlowKinds(plugin)) {
    Instance instance(plugin, host.get(), plugin.options().config);
    plugin.RequireInstance(instance);
    if (kind.id == "sink/1") continue;
    RequireConnection(plugin, instance, kind);
    if (kind.connects())
      PullFrames(plugin, instance, kind);
    else
      StageFrames(plugin, instance, kind);
  }
}

}  // namespace

const ScenarioEntry kFlowScenarios[] = {
    {"flow/closed", ClosedFirst},
    {"flow/hostile-frames", HostileFrames},
    {"flow/frames", Frames},
    {nullptr, nullptr},
};

}  // namespace tenon::check
