/* Scenarios of group `resources` about output to the standard streams. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check/facts.h"
#include "check/failure.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr size_t kLongestLine = 200;

/* Captures the output to a standard stream in memory. */
class Captured {
 public:
  explicit Captured(int stream)
      : stream_(stream), before_(dup(stream)), memory_(memfd_create("captured output", MFD_CLOEXEC)) {
    fflush(nullptr);
    if (before_ < 0 || memory_ < 0 || dup2(memory_, stream) < 0)
      FailChecker("capture the output of the plugin", errno);
  }
  ~Captured() {
    fflush(nullptr);
    dup2(before_, stream_);
    close(before_);
    close(memory_);
  }
  Captured(const Captured &) = delete;
  Captured &operator=(const Captured &) = delete;

  size_t size() const {
    fflush(nullptr);
    off_t end = lseek(memory_, 0, SEEK_END);
    if (end < 0) FailChecker("read the output of the plugin", errno);
    return static_cast<size_t>(end);
  }
  std::string FirstLine() const {
    char text[kLongestLine];
    ssize_t length = pread(memory_, text, sizeof(text), 0);
    std::string line(text, length < 0 ? 0 : static_cast<size_t>(length));
    return line.substr(0, line.find('\n'));
  }

 private:
  int stream_, before_, memory_;
};

void Silent(Plugin &plugin, int stream, const char *name) {
  Captured output(stream);
  Host host;
  size_t printed = 0;
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    size_t size = output.size();
    if (printed == 0 && size != 0)
      plugin.report().Finding("It printed " + std::to_string(size) + " bytes to standard " + name + " in " +
                              step + ", starting with " + Quote(output.FirstLine()));
    printed = size;
  });
  plugin.report().Values("bytes printed", "bytes", {static_cast<double>(printed)});
}

void SilentOutput(Plugin &plugin) {
  Silent(plugin, STDOUT_FILENO, "output");
}

void SilentError(Plugin &plugin) {
  Silent(plugin, STDERR_FILENO, "error");
}

}  // namespace

const ScenarioEntry kNoiseScenarios[] = {
    {"resources/standard-output", SilentOutput},
    {"resources/standard-error", SilentError},
    {nullptr, nullptr},
};

}  // namespace tenon::check
