#include "check/host.h"

#include <string.h>
#include <unistd.h>

#include "plugin/output.h"

namespace tenon::check {
namespace {

class Inside {
 public:
  explicit Inside(std::atomic<int> *count) : count_(count) { ++*count_; }
  ~Inside() { --*count_; }

 private:
  std::atomic<int> *count_;
};

}  // namespace

const char *Host::origin_ = nullptr;

Host::Host() {
  host_ = {};
  host_.size = sizeof(host_);
  host_.ctx = this;
  host_.log = Log;
  host_.emit = Emit;
  host_.get_extension = GetExtension;
}

void Host::Log(const tenon_host *host, int32_t level, const char *message, size_t length) {
  Host *self = static_cast<Host *>(host->ctx);
  self->logs_++;
  bool known = level >= TENON_LOG_ERROR && level <= TENON_LOG_TRACE;
  if (!known || !IsUtf8(reinterpret_cast<const uint8_t *>(message), length)) self->bad_logs_++;
}

tenon_status Host::Emit(const tenon_host *host, const uint8_t *data, size_t length) {
  Host *self = static_cast<Host *>(host->ctx);
  Inside inside(&self->emitting_);
  self->events_++;
  if (uint32_t ms = self->emit_delay_) usleep(ms * 1000);
  if (data == nullptr && length != 0) {
    self->bad_events_++;
    return TENON_INVALID;
  }
  /* Reads all bytes, as a host that copies them does. */
  uint8_t sum = 0;
  for (size_t i = 0; i < length; i++) sum = static_cast<uint8_t>(sum ^ data[i]);
  static std::atomic<uint8_t> sink;
  sink = sum;
  tenon_status status = self->emit_status_;
  if (status != TENON_OK) self->refused_++;
  return status;
}

const void *Host::GetExtension(const tenon_host *, const char *id) {
  return id != nullptr && strcmp(id, TENON_ORIGIN) == 0 ? origin_ : nullptr;
}

}  // namespace tenon::check
