/* The command line of tenon-checker.
 *
 *     tenon-checker SCENARIO FILE [--seed N] [--config JSON] [--input FILE]... [--budget MS] [--corpus DIR]
 *                   [--reproduce FILE] [--hang MS] [--breadcrumb FILE] [--report]
 *
 * SCENARIO is the id of a check ("calls/plain").
 *
 * With --report, tenon-checker was started by a host: it reads the nonce from descriptor 4 and writes the
 * report to descriptor 3. Without --report it runs in a terminal or a debugger: it prints the report for
 * people, and leaves crashes to the debugger. SCENARIO can then be a list separated by commas, whose
 * scenarios run one after the other in this process. */
#ifndef TENON_CHECK_OPTIONS_H
#define TENON_CHECK_OPTIONS_H

#include <stdint.h>

#include <string>
#include <vector>

namespace tenon::check {

struct Options {
  std::string scenario, file;
  uint64_t seed = 1;
  std::string config;              /* for instances; may be empty */
  std::vector<std::string> inputs; /* the bytes; the first one is the usual input */
  uint64_t budget = 1000;          /* milliseconds, for fuzzing */
  std::string corpus;              /* a folder with inputs, or empty */
  std::string breadcrumb;          /* a file for the generated input that is being tried, or empty */
  uint64_t hang = 5000;            /* the maximum duration of a generated input, in milliseconds */
  bool reproduces = false;         /* only `reproduced` is tried, instead of generated inputs */
  std::string reproduced;
  bool report = false;

  /* The usual input: the first input of the options, or a line of English. */
  const std::string &input() const;
};

extern const char *const kUsage;

/* Returns NULL, or the argument that is missing or wrong. */
const char *ReadOptions(int count, char **arguments, Options *options);

}  // namespace tenon::check

#endif
