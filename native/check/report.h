/* The report of a scenario: lines of `NONCE JSON` on a descriptor that is hidden from the plugin. The reader
 * is src/check/report-lines.ts.
 *
 * A process that ends without Done has crashed, whatever its exit code is. */
#ifndef TENON_CHECK_REPORT_H
#define TENON_CHECK_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <string>
#include <vector>

namespace tenon::check {

/* Addresses that explain a finding. The host finds their functions, lines and variables in the library. */
struct Evidence {
  /* An instruction that used a variable. */
  struct Use {
    uintptr_t data, code;
  };
  uintptr_t base = 0;           /* of the library */
  std::vector<uintptr_t> stack; /* of a thread, the innermost address first */
  std::vector<Use> uses;
};

class Report {
 public:
  /* Takes over descriptors 3 and 4, reads the nonce, and ties the life of the process to that of its host.
   * Returns false if no host has started the process. */
  bool OpenForHost();
  /* Prints for people instead. `scenarios` is the number of scenarios that will run in this process. */
  void OpenForPeople(size_t scenarios);
  bool for_people() const { return people_; }
  /* Returns true if the report is for people and this is the only scenario: it may end the process itself. */
  bool for_people_alone() const { return people_ && scenarios_ == 1; }
  /* Announces that the scenario will call `exit`. An exit that was not announced is a finding. */
  void ExpectExit() { exit_expected_ = true; }
  /* Thrown by Skip, Incomplete and Done if the report is for people. The next scenario follows. */
  struct End {};
  /* Begins the report of the next scenario. */
  void Begin(const std::string &scenario);
  /* Prints the summary, and ends the process with the exit code for people. */
  [[noreturn]] void EndForPeople();

  /* Reports the next step. If the process dies or hangs, the last stage says what it was doing. Call it before
   * any code of the plugin runs. [any-thread] */
  void Stage(const std::string &stage);

  /* Reports a finding, and returns. The message is a sentence without a full stop that says what was found
   * and what was expected. [any-thread] */
  void Finding(const std::string &message);
  /* Reports a finding with the bytes that reproduce it. `role` is "input" or "config". */
  void Finding(const std::string &message, const std::string &bytes, const char *role);

  /* Reports a finding with the addresses that explain it. */
  void Finding(const std::string &message, const Evidence &evidence);

  /* Reports that the scenario does not apply to this plugin, and ends the process. */
  [[noreturn]] void Skip(const std::string &reason);
  /* Reports that the scenario could not be completed, and ends the process. */
  [[noreturn]] void Incomplete(const std::string &reason);

  /* Reports that the checker itself has failed, and ends the process without an exception. `reason` is plain
   * ASCII without quotes. Allocates nothing. [any-thread] */
  [[noreturn]] void Fail(const char *reason);

  /* Reports measured numbers. One number is a value, several are a histogram. `unit` is "ns", "ms", "bytes" or
   * "count". */
  void Values(const char *name, const char *unit, const std::vector<double> &values);
  /* Reports points, from which the host computes a slope. `over` names what `xs` counts. `ys` are bytes. */
  void Series(const char *name, const char *over, const std::vector<double> &xs,
              const std::vector<double> &ys);

  /* Reports the call that allocates the memory that is left: an address relative to the base of the library. */
  void Site(uintptr_t offset);

  /* Reports the number of slots in the method table of a kind. */
  void Table(const std::string &kind, size_t slots);
  /* Reports what a method returned, unless it is longer than a line. `method` is "text/1#0". */
  void Result(const std::string &method, const std::string &bytes);

  /* Completes the report. Ends the process without running exit handlers, because the plugin may have
   * registered some. */
  [[noreturn]] void Done();
  /* Discards everything that follows. For child processes, which only try something. */
  void Silence();
  /* Completes the report of a scenario that ends the process itself. */
  void WriteDone();

  /* Writes a line of the report verbatim. For the signal handler: async-signal-safe. */
  void WriteRaw(const char *json, size_t length);

  /* The number of findings. */
  size_t findings() const { return findings_; }

 private:
  void Write(const std::string &json);
  void WriteLine(const std::string &line);
  void WriteBytes(const char *bytes, size_t size);
  /* Prints a line for people. */
  void Print(const char *what, const std::string &text);

  bool people_ = false;
  static void AtExit();

  std::string scenario_;
  size_t scenarios_ = 1;
  std::atomic<bool> exit_expected_{false};
  size_t incomplete_ = 0;
  int out_ = 2;
  std::string nonce_;
  size_t findings_ = 0;
};

}  // namespace tenon::check

#endif
