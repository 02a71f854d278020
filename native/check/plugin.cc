#include "check/plugin.h"

#include <errno.h>
#include <string.h>

#include "check/crash_record.h"
#include "check/failure.h"
#include "check/exact_copy.h"
#include "check/sanitizer.h"

namespace tenon::check {
namespace {

/* The readable address that a plugin receives for an empty input. */
const uint8_t kNothing[16] = {};

/* The initial capacity of an output. `reserve` provides more. */
constexpr size_t kRoom = 1024;
/* The largest output that a system always has memory for. If it has not, the plugin is not to blame for what
 * it returns. */
constexpr size_t kUsualSize = 64 << 20;

/* The output of one call, as a host provides it. */
class Room {
 public:
  tenon_out *Begin() {
    ArmCanary(room_, kRoom);
    ForbidAccess(room_ + kRoom, kGuardSize);
    return output_.Begin(room_, kRoom);
  }

  CallResult End(tenon_status status) {
    const size_t refused = output_.refused();
    if (refused != 0 && refused <= kUsualSize) FailChecker("provide memory for a result", ENOMEM);
    AllowAccess(room_ + kRoom, kGuardSize);
    CallResult result;
    result.status = status;
    result.outcome = output_.End(status);
    if (result.outcome >= TENON_OK)
      result.bytes.assign(reinterpret_cast<const char *>(output_.data()), output_.length());
    bool failed = result.outcome > TENON_OK;
    if (failed && !IsUtf8(output_.data(), output_.length())) result.outcome = kNotText;
    return result;
  }

 private:
  Output output_;
  alignas(16) uint8_t room_[kRoom + kGuardSize];
};

}  // namespace

std::string Breach(const CallResult &result) {
  switch (result.outcome) {
    case kBadStatus:
      return "it returned " + std::to_string(result.status) + ", expected a status of tenon.h (0 to 8)";
    case kOverrun:
      return "it wrote past the capacity of its output";
    case kBadLength:
      return "it left `len` of its output above `capacity`";
    case kTampered:
      return "it changed `data`, `capacity` or `reserve` of its output, which belong to the host";
    case kNotText:
      return "it failed with a message that is not UTF-8";
    default:
      return "";
  }
}

Instance::Instance(const Plugin &plugin, const tenon_host *host, const std::string &config)
    : Instance(plugin.vtable(), host, config.empty() ? nullptr : config.data(), config.size()) {}

Instance::Instance(const tenon_plugin &vtable, const tenon_host *host, const void *config, size_t size,
                   void *state)
    : vtable_(vtable), state_(state) {
  Room room;
  ExactCopy bytes(config == nullptr ? kNothing : config, size);
  tenon_status status = vtable.new_(host, bytes.data(), size, &state_, room.Begin());
  made_ = room.End(status);
  dropped_ = status != TENON_OK; /* an instance exists even if the output breaks the contract */
}

void Instance::Drop() {
  if (dropped_) return;
  dropped_ = true;
  vtable_.drop(state_);
}

CallResult Instance::Call(const void *input, size_t size) {
  return Call(vtable_.something, input, size);
}

CallResult Instance::Call(tenon_method method, const void *input, size_t size) {
  Room room;
  ExactCopy bytes(size == 0 ? kNothing : input, size);
  return room.End(method(state_, bytes.data(), size, room.Begin()));
}

void Plugin::Expect(bool passed) {
  if (passed) return;
  if (strcmp(gates_.refusal().code, "ERR_TENON_LOAD_FAILED") == 0)
    FailIfLoaderExhausted(gates_.refusal().message.c_str());
  report_->Finding(gates_.refusal().message);
  report_->Done();
}

void Plugin::Load() {
  report_->Stage("loading the library");
  const std::vector<CodeSpan> before = LoadedCode();
  Expect(gates_.Open(options_.file.c_str()));
  code_ = NewCode(before, LoadedCode());
  SetCrashCode(gates_.entry());
  report_->Stage("get_version");
  Expect(gates_.Version());
  report_->Stage("get_name");
  Expect(gates_.Name());
  report_->Stage("get_plugin");
  Expect(gates_.Vtable());
}

void Plugin::RequireInstance(const Instance &instance) const {
  if (instance.ok()) return;
  report_->Incomplete("new failed, so there is no instance to call: " + Quote(instance.made().bytes) +
                      ". Give a config that the plugin accepts (--plugin-config)");
}

}  // namespace tenon::check
