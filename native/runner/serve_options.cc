#include "runner/serve_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

namespace tenon {

const char kLimitsUsage[] = "[--memory BYTES] [--cpu SECONDS] [--files N] [--sandbox [--read PATH]...]";
const char kServeUsage[] =
    "tenon-runner serve FILE --abi VERSION --name NAME --parent PID [--origin PATH]\n"
    "           {--shm FD --wake FD --life FD | --in FD --out FD [--bell FD] [--life FD]}\n"
    "           [--profile latency|balanced|efficient] [--queue-messages N] [--queue-bytes N] [--result "
    "BYTES]\n"
    "           [--memory BYTES] [--cpu SECONDS] [--files N] [--sandbox [--read PATH]...]";

namespace {

bool ReadNumber(const char *text, uint64_t most, uint64_t *number) {
  if (*text < '0' || *text > '9') return false;
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return *end == '\0' && errno == 0 && *number <= most;
}

template <typename Number>
bool ReadInto(const char *text, uint64_t most, Number *number) {
  uint64_t value;
  if (!ReadNumber(text, most, &value)) return false;
  *number = static_cast<Number>(value);
  return true;
}

bool ReadProfile(const char *text, Profile *profile) {
  constexpr const char *kNames[] = {"latency", "balanced", "efficient"};
  for (uint32_t i = 0; i < 3; i++) {
    if (strcmp(text, kNames[i]) != 0) continue;
    *profile = static_cast<Profile>(i);
    return true;
  }
  return false;
}

bool ReadLimit(const char *name, const char *value, Limits *limits) {
  const auto is = [name](const char *option) { return strcmp(name, option) == 0; };
  if (is("--memory")) return ReadInto(value, uint64_t{1} << 48, &limits->memory);
  if (is("--cpu")) return ReadInto(value, UINT32_MAX, &limits->cpu);
  if (is("--files")) return ReadInto(value, UINT32_MAX, &limits->files);
  if (is("--read")) return limits->readable.push_back(value), true;
  return false;
}

bool ReadOption(const char *name, const char *value, ServeOptions *options) {
  const auto is = [name](const char *option) { return strcmp(name, option) == 0; };
  if (is("--abi")) return options->abi = value, true;
  if (is("--name")) return options->name = value, true;
  if (is("--origin")) return options->origin = value, true;
  if (is("--shm")) return ReadInto(value, INT32_MAX, &options->shm);
  if (is("--wake")) return ReadInto(value, INT32_MAX, &options->wake);
  if (is("--life")) return ReadInto(value, INT32_MAX, &options->life);
  if (is("--in")) return ReadInto(value, INT32_MAX, &options->in);
  if (is("--out")) return ReadInto(value, INT32_MAX, &options->out);
  if (is("--bell")) return ReadInto(value, INT32_MAX, &options->bell);
  if (is("--parent")) return ReadInto(value, INT32_MAX, &options->parent);
  if (is("--profile")) return ReadProfile(value, &options->profile);
  if (is("--result")) return ReadInto(value, kMaxOutput, &options->longest_answer);
  if (is("--queue-messages")) return ReadInto(value, UINT32_MAX, &options->queue.messages);
  if (is("--queue-bytes")) return ReadInto(value, UINT64_MAX, &options->queue.bytes);
  return ReadLimit(name, value, &options->limits);
}

/* Checks that one of the two sets of files is complete. Returns NULL, or the wrong argument. */
const char *WrongFile(const ServeOptions &options) {
  if (options.in >= 0 || options.out >= 0) {
    if (options.in < 3) return "--in";
    return options.out < 3 ? "--out" : nullptr;
  }
  if (options.shm < 3) return "--shm";
  if (options.wake < 3) return "--wake";
  return options.life < 3 ? "--life" : nullptr;
}

}  // namespace

std::string AsPath(const char *file) {
#if defined(_WIN32)
  const bool has_folder = strpbrk(file, "/\\:") != nullptr;
#else
  const bool has_folder = strchr(file, '/') != nullptr;
#endif
  return has_folder ? std::string(file) : std::string("./") + file;
}

const char *ReadLimits(int count, char **arguments, Limits *limits) {
  for (int i = 0; i < count; i++) {
    if (strcmp(arguments[i], "--sandbox") == 0) {
      limits->sandbox = true;
      continue;
    }
    if (i + 1 >= count || !ReadLimit(arguments[i], arguments[i + 1], limits)) return arguments[i];
    i++;
  }
  return nullptr;
}

const char *ReadServeOptions(int count, char **arguments, ServeOptions *options) {
  if (count < 1 || arguments[0][0] == '\0') return "FILE";
  options->file = AsPath(arguments[0]);
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--sandbox") == 0) {
      options->limits.sandbox = true;
      continue;
    }
    if (i + 1 >= count || !ReadOption(arguments[i], arguments[i + 1], options)) return arguments[i];
    i++;
  }
  if (options->abi.empty()) return "--abi";
  if (options->name.empty()) return "--name";
  const char *wrong = WrongFile(*options);
  if (wrong != nullptr) return wrong;
  return options->parent > 0 ? nullptr : "--parent";
}

}  // namespace tenon
