/* The command line of tenon-checker.
 *
 *     tenon-checker SCENARIO FILE [--seed N] [--config JSON] [--input FILE]... [--budget MS] [--corpus DIR]
 *                   [--method-input KIND#SLOT=HEX]... [--hostile-input "KIND#SLOT FAULT=HEX"]...
 *                   [--cursor KIND#SLOT]... [--kept DIR] [--reproduce FILE] [--hang MS] [--most N]
 *                   [--breadcrumb FILE] [--longer N] [--sites] [--report] [--under-valgrind]
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

/* Returns "codec/1#0". */
std::string MethodId(const std::string &kind, size_t slot);

/* An input for a method of a kind. */
struct MethodInput {
  std::string method; /* "codec/1#0" */
  std::string bytes;
};

/* An input that a method of a kind must refuse. */
struct HostileInput {
  MethodInput input;
  std::string fault; /* what is wrong with it, to be read after "a message whose" */
};

struct Options {
  std::string scenario, file;
  uint64_t seed = 1;
  std::string config;              /* for instances; may be empty */
  std::vector<std::string> inputs; /* the bytes; the first one is the usual input */
  std::vector<MethodInput> method_inputs;
  std::vector<HostileInput> hostile_inputs;
  std::vector<std::string> cursors; /* methods whose slots are followed by those that read and close */
  uint64_t budget = 1000;           /* milliseconds, for fuzzing */
  uint64_t most = UINT64_MAX;       /* the number of generated inputs for each method */
  std::string corpus;               /* a folder with inputs, or empty */
  std::string kept;                 /* a folder for generated inputs that reach new code, or empty */
  std::string breadcrumb;           /* a file for the generated input that is being tried, or empty */
  uint64_t hang = 5000;             /* the maximum duration of a generated input, in milliseconds */
  bool reproduces = false;          /* only `reproduced` is tried, instead of generated inputs */
  std::string reproduced;
  uint64_t longer = 1; /* how many times as often an operation is repeated to measure its memory */
  bool sites = false;  /* the code that allocates what is left is reported, and memory is not measured */
  bool report = false;
  bool under_valgrind = false;

  /* The usual input: the first input of the options, or a line of English. */
  const std::string &input() const;
  /* Returns the inputs for a method of a kind ("codec/1"). */
  std::vector<std::string> InputsOf(const std::string &kind, size_t slot) const;
  /* Returns the inputs that a method of a kind must refuse. */
  std::vector<HostileInput> HostileInputsOf(const std::string &kind, size_t slot) const;
  /* Returns whether the method opens a cursor. */
  bool OpensCursor(const std::string &kind, size_t slot) const;
};

extern const char *const kUsage;

/* Returns NULL, or the argument that is missing or wrong. */
const char *ReadOptions(int count, char **arguments, Options *options);

}  // namespace tenon::check

#endif
