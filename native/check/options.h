/* What the checker is asked to do: the command line of tenon-checker.
 *
 *     tenon-checker SCENARIO FILE [--seed N] [--config JSON] [--input FILE]... [--budget MS] [--corpus DIR]
 *                   [--reproduce FILE] [--hang MS] [--breadcrumb FILE] [--report]
 *
 * SCENARIO is the id of a check ("calls/plain"). With --report a host has started it, whose nonce comes in on
 * descriptor 4 and the records go out on descriptor 3; without it, in a terminal or a debugger, the records
 * are printed for people, and crashes are left to the debugger. SCENARIO can then be several with commas
 * between them, which run one after the other in this process. */
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
  std::string breadcrumb;  /* a file in which each made-up input is kept while it is tried, or empty */
  uint64_t hang = 5000;    /* milliseconds that a made-up input may take */
  bool reproduces = false; /* instead of made-up inputs only this one is tried: */
  std::string reproduced;
  bool report = false;

  /* An input that the plugin understands, or a short text. */
  const std::string &input() const;
};

extern const char *const kUsage;

/* NULL, or what is wrong. */
const char *ReadOptions(int count, char **arguments, Options *options);

}  // namespace tenon::check

#endif
