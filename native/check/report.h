/* What a scenario tells: lines of `NONCE JSON` on a descriptor that the plugin does not know
 * (src/check/report-lines.ts).
 *
 * A process that ends without Done has crashed, whatever its exit code says. */
#ifndef TENON_CHECK_REPORT_H
#define TENON_CHECK_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <string>
#include <vector>

namespace tenon::check {

class Report {
 public:
  /* Takes descriptors 3 and 4 over, reads the nonce, and sees to it that the process does not outlive its
   * host. False if no host has started it. */
  bool OpenForHost();
  /* Prints for people instead. So many scenarios follow each other then. */
  void OpenForPeople(size_t scenarios);
  bool for_people() const { return people_; }
  /* People look on, and nothing else is to be run: a scenario may end the process itself. */
  bool for_people_alone() const { return people_ && scenarios_ == 1; }
  /* The scenario ends the process by `exit`; whoever else does is found out. */
  void ExpectExit() { exit_expected_ = true; }
  /* Thrown by Skip, Incomplete and Done when people look on: the next scenario follows. */
  struct End {};
  /* Names the scenario that is run from now on. */
  void Begin(const std::string &scenario);
  /* Says what it all came to, and ends the process with the exit code for people. */
  [[noreturn]] void EndForPeople();

  /* What is tried next. When the process dies or hangs, this is what it was doing: say it before anything of
   * the plugin runs. [any-thread] */
  void Stage(const std::string &stage);

  /* Something is wrong: a sentence of what was found against what was expected, without a full stop. Goes on.
   * [any-thread] */
  void Finding(const std::string &message);
  /* With the bytes that show it. `role` is "input" or "config". */
  void Finding(const std::string &message, const std::string &bytes, const char *role);

  /* The scenario does not apply to this plugin. [[noreturn]] ends the process. */
  [[noreturn]] void Skip(const std::string &reason);
  /* It should have been tried, and could not be: ends the process. */
  [[noreturn]] void Incomplete(const std::string &reason);

  /* Numbers: one is a value, several are a histogram. `unit` is "ns", "ms", "bytes" or "count". */
  void Values(const char *name, const char *unit, const std::vector<double> &values);
  /* Points, for a slope: `over` says what is counted in `xs`. The unit is bytes. */
  void Series(const char *name, const char *over, const std::vector<double> &xs,
              const std::vector<double> &ys);

  /* Nothing follows: ends the process without running exit handlers, which would be the plugin's. */
  [[noreturn]] void Done();
  /* The same, for a scenario that ends the process in its own way. */
  void WriteDone();

  /* For the signal handler: writes a record as it is. Async-signal-safe. */
  void WriteRaw(const char *json, size_t length);

  /* How many findings there are. */
  size_t findings() const { return findings_; }

 private:
  void Write(const std::string &json);
  void WriteLine(const std::string &line);
  /* The record for people. */
  void Tell(const char *what, const std::string &text);

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

/* A JSON string of any bytes, ASCII only: of UTF-8, its characters; a byte that is none stands for itself. */
std::string Json(const std::string &bytes);

}  // namespace tenon::check

#endif
