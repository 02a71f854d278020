#include "check/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "check/read_file.h"

namespace tenon::check {
namespace {

const std::string kUsualInput = "The quick brown fox jumps over the lazy dog.\n";

bool ReadNumber(const char *text, uint64_t *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

/* Reads "codec/1#0=00ff". */
bool ReadInput(const std::string &value, MethodInput *read) {
  const size_t equals = value.find('=');
  if (equals == std::string::npos || (value.size() - equals) % 2 == 0) return false;
  MethodInput input = {value.substr(0, equals), ""};
  for (size_t at = equals + 1; at < value.size(); at += 2) {
    const std::string digits = value.substr(at, 2);
    if (!isxdigit(static_cast<unsigned char>(digits[0])) || !isxdigit(static_cast<unsigned char>(digits[1])))
      return false;
    input.bytes += static_cast<char>(strtoul(digits.c_str(), nullptr, 16));
  }
  *read = input;
  return true;
}

/* Reads the value of --method-input. */
bool ReadMethodInput(const std::string &value, Options *options) {
  options->method_inputs.emplace_back();
  return ReadInput(value, &options->method_inputs.back());
}

/* Reads the value of --hostile-input: "text/1#0 span of text is misaligned=00ff". */
bool ReadHostileInput(const std::string &value, Options *options) {
  HostileInput hostile;
  if (!ReadInput(value, &hostile.input)) return false;
  std::string &method = hostile.input.method;
  const size_t space = method.find(' ');
  if (space == std::string::npos) return false;
  hostile.fault = method.substr(space + 1);
  method.resize(space);
  options->hostile_inputs.push_back(hostile);
  return true;
}

/* Returns NULL, or `name` if the option is unknown or its value is wrong. */
const char *ReadOption(const char *name, const char *value, Options *options) {
  if (strcmp(name, "--config") == 0) return options->config = value, nullptr;
  if (strcmp(name, "--corpus") == 0) return options->corpus = value, nullptr;
  if (strcmp(name, "--kept") == 0) return options->kept = value, nullptr;
  if (strcmp(name, "--seed") == 0 && ReadNumber(value, &options->seed)) return nullptr;
  if (strcmp(name, "--budget") == 0 && ReadNumber(value, &options->budget)) return nullptr;
  if (strcmp(name, "--most") == 0 && ReadNumber(value, &options->most)) return nullptr;
  if (strcmp(name, "--hang") == 0 && ReadNumber(value, &options->hang)) return nullptr;
  if (strcmp(name, "--longer") == 0 && ReadNumber(value, &options->longer)) return nullptr;
  if (strcmp(name, "--breadcrumb") == 0) return options->breadcrumb = value, nullptr;
  if (strcmp(name, "--reproduce") == 0) {
    options->reproduces = true;
    return ReadFile(value, &options->reproduced) ? nullptr : name;
  }
  if (strcmp(name, "--method-input") == 0) return ReadMethodInput(value, options) ? nullptr : name;
  if (strcmp(name, "--hostile-input") == 0) return ReadHostileInput(value, options) ? nullptr : name;
  if (strcmp(name, "--cursor") == 0) return options->cursors.push_back(value), nullptr;
  if (strcmp(name, "--input") != 0) return name;
  options->inputs.emplace_back();
  return ReadFile(value, &options->inputs.back()) ? nullptr : name;
}

}  // namespace

const char *const kUsage =
    "tenon-checker SCENARIO FILE [--seed N] [--config JSON] [--input FILE]... [--budget MS] [--corpus DIR] "
    "[--method-input KIND#SLOT=HEX]... [--hostile-input 'KIND#SLOT FAULT=HEX']... [--cursor KIND#SLOT]... "
    "[--kept DIR] [--reproduce FILE] [--hang MS] [--most N] [--breadcrumb FILE] "
    "[--longer N] [--sites] [--under-valgrind]";

std::string MethodId(const std::string &kind, size_t slot) {
  return kind + "#" + std::to_string(slot);
}

const std::string &Options::input() const {
  return inputs.empty() ? kUsualInput : inputs.front();
}

std::vector<std::string> Options::InputsOf(const std::string &kind, size_t slot) const {
  const std::string method = MethodId(kind, slot);
  std::vector<std::string> found;
  for (const MethodInput &one : method_inputs)
    if (one.method == method) found.push_back(one.bytes);
  return found;
}

std::vector<HostileInput> Options::HostileInputsOf(const std::string &kind, size_t slot) const {
  const std::string method = MethodId(kind, slot);
  std::vector<HostileInput> found;
  for (const HostileInput &one : hostile_inputs)
    if (one.input.method == method) found.push_back(one);
  return found;
}

bool Options::OpensCursor(const std::string &kind, size_t slot) const {
  return std::find(cursors.begin(), cursors.end(), MethodId(kind, slot)) != cursors.end();
}

const char *ReadOptions(int count, char **arguments, Options *options) {
  if (count < 2) return "SCENARIO or FILE";
  options->scenario = arguments[0];
  options->file = arguments[1];
  /* The loader would search the folders of the system for a name without a slash. */
  if (options->file.find('/') == std::string::npos) options->file.insert(0, "./");
  for (int i = 2; i < count; i++) {
    if (strcmp(arguments[i], "--report") == 0) {
      options->report = true;
      continue;
    }
    if (strcmp(arguments[i], "--sites") == 0) {
      options->sites = true;
      continue;
    }
    if (strcmp(arguments[i], "--under-valgrind") == 0) {
      options->under_valgrind = true;
      continue;
    }
    if (i + 1 == count) return arguments[i];
    const char *wrong = ReadOption(arguments[i], arguments[i + 1], options);
    if (wrong != nullptr) return wrong;
    i++;
  }
  return nullptr;
}

}  // namespace tenon::check
