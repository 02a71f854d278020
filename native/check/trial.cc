#include "check/trial.h"

#include <string.h>

#include <string>

#include "check/difference.h"
#include "check/sanitizer.h"

namespace tenon::check {

namespace {

/* The number of outputs and inputs that are kept after their calls, in which threads of a plugin may use them.
 * It bounds the mappings of the process. */
constexpr size_t kMostKept = 256;

}  // namespace

Trial::Trial(Plugin &plugin) : plugin_(plugin) {
  plugin.Load();
  method_ = plugin.vtable().something;
}

CallResult Trial::Answer(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet) {
  report().Stage(stage);
  Instance instance(plugin_, host_.get(), plugin_.options().config);
  plugin_.RequireInstance(instance);
  CallResult result = outlet.End(method_(instance.state(), in, size, outlet.Begin()));
  report().Stage("drop after " + stage);
  return result;
}

CallResult Trial::Answer(const std::string &stage, const std::string &input) {
  return Answer(stage, Lasting(input), input.size(), NewOutlet());
}

CallResult Trial::Call(const std::string &stage, const uint8_t *in, size_t size, Outlet &outlet) {
  CallResult result = Answer(stage, in, size, outlet);
  if (!outlet.breach().empty()) report().Finding("In a " + stage + ": " + outlet.breach());
  return result;
}

CallResult Trial::Call(const std::string &stage, const uint8_t *in, size_t size) {
  return Call(stage, in, size, NewOutlet());
}

Outlet &Trial::NewOutlet() {
  outlets_.push_back(std::make_unique<Outlet>(OutletPlan{}));
  if (outlets_.size() > kMostKept) outlets_.pop_front();
  return *outlets_.back();
}

CallResult Trial::Call(const std::string &stage, const std::string &input) {
  return Call(stage, Lasting(input), input.size());
}

/* Makes two calls. A plugin that declares to be deterministic and is not must fail only the check for that. */
void Trial::Learn() {
  learned_ = true;
  usual_ = Answer("call with the usual input", usual());
  if (!plugin_.has_flag(TENON_DETERMINISTIC) || !usual_.ok()) return;
  CallResult again = Answer("call with the usual input, again", usual());
  stable_ = again.ok() && again.bytes == usual_.bytes;
}

const CallResult &Trial::usual_answer() {
  if (!learned_) Learn();
  return usual_;
}

void Trial::ExpectUsual(const std::string &stage, const CallResult &answer) {
  if (!learned_) Learn();
  if (!stable_ || !answer.kept_contract()) return;
  if (answer.status != usual_.status || answer.bytes != usual_.bytes)
    report().Finding("A " + stage + " " + DifferenceOf(answer, usual_, "as for other calls with this input"));
}

std::vector<OddInput> OddInputs(const std::string &usual) {
  std::string all;
  for (int byte = 0; byte < 256; byte++) all += static_cast<char>(byte);
  std::string wide;
  for (char byte : usual) (wide += byte) += '\0';
  return {
      {"64 NUL bytes", std::string(64, '\0')},
      {"all 256 byte values", all},
      {"half of the usual input", usual.substr(0, usual.size() / 2)},
      {"the usual input without its first byte", usual.substr(usual.empty() ? 0 : 1)},
      {"the usual input twice", usual + usual},
      {"the usual input as UTF-16", wide},
      {"line feeds", std::string(300, '\n')},
      {"100000 bytes without white space", std::string(100000, 'a')},
      {"10000 opening brackets", std::string(10000, '[')},
      {"format specifiers", "%s%n%p%x%s%n%s%s%s%s%n\n"},
      {"a path", "../../../../../../dev/null"},
      {"a very large number", std::string(400, '9')},
  };
}

const uint8_t *Lasting(const std::string &bytes, size_t offset) {
  const size_t slack = HeapIsChecked() ? 0 : 64;
  uint8_t *copy = new uint8_t[bytes.size() + offset + slack];
  memcpy(copy + offset, bytes.data(), bytes.size());
  return copy + offset;
}

Guarded &LastingGuarded(const std::string &bytes, Guarded::Place place) {
  static auto &kept = *new std::deque<std::unique_ptr<Guarded>>;
  kept.push_back(std::make_unique<Guarded>(bytes.size(), place));
  if (kept.size() > kMostKept) kept.pop_front();
  Guarded &memory = *kept.back();
  memory.Explain("It read or wrote before the start of its input",
                 "It read or wrote past the end of its input");
  if (!bytes.empty()) memcpy(memory.data(), bytes.data(), bytes.size());
  return memory;
}

}  // namespace tenon::check
