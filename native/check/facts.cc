#include "check/facts.h"

#include <ctype.h>

namespace tenon::check {
namespace {

constexpr int kCallsPerInput = 3;
/* The maximum length of a value in a message. */
constexpr size_t kLongestValue = 100;

std::string Shown(const std::string &value) {
  return value.size() > kLongestValue ? value.substr(0, kLongestValue) + "..." : value;
}

const std::string &ValueOf(const Facts &facts, const std::string &name) {
  static const std::string none = "absent";
  auto found = facts.find(name);
  return found == facts.end() ? none : found->second;
}

void ReportChange(Report *report, const std::string &name, const std::string &before, const std::string &now,
                  const std::string &step) {
  std::string sentence = name + " was " + Shown(before) + " and is " + Shown(now) + " after " + step;
  sentence[0] = static_cast<char>(toupper(static_cast<unsigned char>(sentence[0])));
  report->Finding(sentence);
}

}  // namespace

void ReportChanges(Report *report, const Facts &before, const Facts &now, const std::string &step) {
  for (const auto &[name, value] : before) {
    if (ValueOf(now, name) != value) ReportChange(report, name, value, ValueOf(now, name), step);
  }
  for (const auto &[name, value] : now) {
    if (before.count(name) == 0) ReportChange(report, name, ValueOf(before, name), value, step);
  }
}

void CallOften(const Plugin &plugin, Instance &instance) {
  const Options &options = plugin.options();
  for (int i = 0; i < kCallsPerInput; i++) {
    instance.Call(options.input());
    for (size_t k = 1; k < options.inputs.size(); k++) instance.Call(options.inputs[k]);
  }
}

}  // namespace tenon::check
