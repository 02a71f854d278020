#include "check/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* Returns NULL, or `name` if the option is unknown or its value is wrong. */
const char *ReadOption(const char *name, const char *value, Options *options) {
  if (strcmp(name, "--config") == 0) return options->config = value, nullptr;
  if (strcmp(name, "--corpus") == 0) return options->corpus = value, nullptr;
  if (strcmp(name, "--seed") == 0 && ReadNumber(value, &options->seed)) return nullptr;
  if (strcmp(name, "--budget") == 0 && ReadNumber(value, &options->budget)) return nullptr;
  if (strcmp(name, "--hang") == 0 && ReadNumber(value, &options->hang)) return nullptr;
  if (strcmp(name, "--breadcrumb") == 0) return options->breadcrumb = value, nullptr;
  if (strcmp(name, "--reproduce") == 0) {
    options->reproduces = true;
    return ReadFile(value, &options->reproduced) ? nullptr : name;
  }
  if (strcmp(name, "--input") != 0) return name;
  options->inputs.emplace_back();
  return ReadFile(value, &options->inputs.back()) ? nullptr : name;
}

}  // namespace

const char *const kUsage =
    "tenon-checker SCENARIO FILE [--seed N] [--config JSON] [--input FILE]... [--budget MS] [--corpus DIR] "
    "[--reproduce FILE] [--hang MS] [--breadcrumb FILE]";

const std::string &Options::input() const {
  return inputs.empty() ? kUsualInput : inputs.front();
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
    if (i + 1 == count) return arguments[i];
    const char *wrong = ReadOption(arguments[i], arguments[i + 1], options);
    if (wrong != nullptr) return wrong;
    i++;
  }
  return nullptr;
}

}  // namespace tenon::check
