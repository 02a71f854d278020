#include "check/report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "check/json.h"
#include "runner/limits.h"

namespace tenon::check {
namespace {

constexpr int kOut = 3;
constexpr int kIn = 4;
constexpr size_t kLongestStart = 256;
/* The reader of the host has a limit for the length of a line. */
constexpr size_t kNumbersInRecord = 2000;
constexpr size_t kKept = 32 * 1024; /* bytes of an input or a result; the seed reproduces longer inputs */

std::mutex writing;

bool ReadLine(int file, std::string *line) {
  while (line->size() < kLongestStart) {
    char byte;
    ssize_t count = read(file, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pollfd one = {file, POLLIN, 0};
      poll(&one, 1, -1);
      continue;
    }
    if (count <= 0) return false;
    if (byte == '\n') return true;
    *line += byte;
  }
  return false;
}

std::string Number(double value) {
  char text[32];
  snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

std::string Numbers(const std::vector<double> &values, size_t from, size_t to) {
  std::string list = "[";
  for (size_t i = from; i < to; i++) {
    if (i != from) list += ",";
    list += Number(values[i]);
  }
  return list + "]";
}

/* Returns a summary that fits on a line: "5 from 1 to 9". */
std::string Summary(const std::vector<double> &values) {
  if (values.empty()) return "none";
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (values.size() == 1) return Number(*least);
  return std::to_string(values.size()) + " from " + Number(*least) + " to " + Number(*most);
}

}  // namespace

bool Report::OpenForHost() {
  out_ = HideFile(kOut);
  int in = HideFile(kIn);
  std::string line;
  if (out_ < 0 || in < 0 || !ReadLine(in, &line) || line.rfind("start ", 0) != 0) return false;
  close(in);
  size_t space = line.find(' ', 6);
  if (space == std::string::npos || space == 6) return false;
  nonce_ = line.substr(6, space - 6);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() == atoi(line.c_str() + space + 1); /* otherwise the host has already ended */
}

void Report::WriteRaw(const char *json, size_t length) {
  char line[4096];
  size_t size = 0;
  const auto add = [&](const char *bytes, size_t n) {
    n = std::min(n, sizeof(line) - size);
    memcpy(line + size, bytes, n);
    size += n;
  };
  add(nonce_.data(), nonce_.size());
  add(" ", 1);
  add(json, length);
  add("\n", 1);
  for (size_t sent = 0; sent < size;) {
    ssize_t count = write(out_, line + sent, size - sent);
    if (count < 0 && errno != EINTR && errno != EAGAIN) return;
    if (count > 0) sent += static_cast<size_t>(count);
  }
}

namespace {

/* The report and the process of the exit handler, which receives no argument. Child processes of the plugin
 * inherit the handler, and must not report anything. */
Report *exit_report = nullptr;
pid_t exit_process = 0;

}  // namespace

void Report::OpenForPeople(size_t scenarios) {
  people_ = true;
  scenarios_ = scenarios;
  int own = HideFile(dup(out_)); /* scenarios may redirect standard error */
  if (own >= 0) out_ = own;
  exit_report = this;
  exit_process = getpid();
  atexit(AtExit);
}

void Report::AtExit() {
  Report &report = *exit_report;
  if (getpid() != exit_process || report.exit_expected_) return;
  report.Finding("the process called exit during " + report.scenario_);
  report.EndForPeople();
}

void Report::Begin(const std::string &scenario) {
  scenario_ = scenario;
  WriteLine("tenon-checker: " + scenario + "\n");
}

void Report::EndForPeople() {
  fflush(nullptr);
  std::string left = incomplete_ == 0 ? "" : ", " + std::to_string(incomplete_) + " incomplete";
  WriteLine("tenon-checker: findings: " + std::to_string(findings_) + left + "\n");
  _exit(findings_ > 0 ? 1 : incomplete_ > 0 ? 3 : 0);
}

void Report::Print(const char *what, const std::string &text) {
  std::string line = "  " + std::string(what) + ": ";
  for (unsigned char byte : text) {
    char escaped[8];
    snprintf(escaped, sizeof(escaped), "\\x%02x", byte);
    bool plain = byte >= 0x20 && byte < 0x7f;
    line += plain ? std::string(1, static_cast<char>(byte)) : escaped;
  }
  WriteLine(line + "\n");
}

void Report::Write(const std::string &json) {
  WriteLine(nonce_ + " " + json + "\n");
}

void Report::WriteLine(const std::string &line) {
  WriteBytes(line.data(), line.size());
}

void Report::WriteBytes(const char *bytes, size_t size) {
  std::lock_guard<std::mutex> lock(writing);
  for (size_t sent = 0; sent < size;) {
    ssize_t count = write(out_, bytes + sent, size - sent);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd one = {out_, POLLOUT, 0};
      poll(&one, 1, -1);
    } else if (errno != EINTR) {
      _exit(1); /* the host is gone */
    }
  }
}

void Report::Stage(const std::string &stage) {
  if (people_) return Print("stage", stage);
  Write("{\"type\":\"stage\",\"stage\":" + Json(stage) + "}");
}

void Report::Finding(const std::string &message) {
  findings_++;
  if (people_) return Print("FINDING", message);
  Write("{\"type\":\"finding\",\"message\":" + Json(message) + "}");
}

void Report::Finding(const std::string &message, const std::string &bytes, const char *role) {
  if (people_ || bytes.size() > kKept) return Finding(message);
  findings_++;
  Write("{\"type\":\"finding\",\"message\":" + Json(message) + ",\"role\":" + Json(role) + ",\"input\":\"" +
        Base64(bytes) + "\"}");
}

void Report::Finding(const std::string &message, const Evidence &evidence) {
  if (people_ || evidence.base == 0) return Finding(message);
  findings_++;
  std::string stack, uses;
  for (uintptr_t address : evidence.stack) stack += (stack.empty() ? "" : ",") + JsonAddress(address);
  for (const Evidence::Use &use : evidence.uses)
    uses += (uses.empty() ? "" : ",") + ("[" + JsonAddress(use.data) + "," + JsonAddress(use.code) + "]");
  Write("{\"type\":\"finding\",\"message\":" + Json(message) + ",\"base\":" + JsonAddress(evidence.base) +
        ",\"stack\":[" + stack + "],\"uses\":[" + uses + "]}");
}

void Report::Skip(const std::string &reason) {
  if (people_)
    Print("skipped", reason);
  else
    Write("{\"type\":\"skip\",\"reason\":" + Json(reason) + "}");
  Done();
}

void Report::Incomplete(const std::string &reason) {
  incomplete_++;
  if (people_)
    Print("INCOMPLETE", reason);
  else
    Write("{\"type\":\"incomplete\",\"reason\":" + Json(reason) + "}");
  Done();
}

void Report::Fail(const char *reason) {
  char lines[1024];
  const char *nonce = nonce_.c_str();
  const int size = people_
                       ? snprintf(lines, sizeof(lines), "  INCOMPLETE: %s\n", reason)
                       : snprintf(lines, sizeof(lines),
                                  "%s {\"type\":\"incomplete\",\"reason\":\"%s\"}\n%s {\"type\":\"done\"}\n",
                                  nonce, reason, nonce);
  WriteBytes(lines, std::min(sizeof(lines) - 1, static_cast<size_t>(size)));
  _exit(!people_ ? 0 : findings_ > 0 ? 1 : 3);
}

void Report::Values(const char *name, const char *unit, const std::vector<double> &values) {
  if (people_) return Print(name, Summary(values) + " " + unit);
  for (size_t from = 0; from < values.size(); from += kNumbersInRecord) {
    size_t to = std::min(values.size(), from + kNumbersInRecord);
    Write("{\"type\":\"values\",\"name\":" + Json(name) + ",\"unit\":" + Json(unit) +
          ",\"values\":" + Numbers(values, from, to) + "}");
  }
}

void Report::Series(const char *name, const char *over, const std::vector<double> &xs,
                    const std::vector<double> &ys) {
  if (people_) return Print(name, Summary(ys) + " bytes over " + over);
  for (size_t from = 0; from < ys.size(); from += kNumbersInRecord) {
    size_t to = std::min(ys.size(), from + kNumbersInRecord);
    Write("{\"type\":\"values\",\"name\":" + Json(name) + ",\"unit\":\"bytes\",\"over\":" + Json(over) +
          ",\"values\":" + Numbers(ys, from, to) + ",\"xs\":" + Numbers(xs, from, to) + "}");
  }
}

void Report::Site(uintptr_t offset) {
  if (people_) return Print("allocated by the call before", std::to_string(offset));
  Write("{\"type\":\"site\",\"offset\":\"" + std::to_string(offset) + "\"}");
}

void Report::Table(const std::string &kind, size_t slots) {
  if (people_) return Print("slots of the method table", kind + " has " + std::to_string(slots));
  Write("{\"type\":\"table\",\"kind\":" + Json(kind) + ",\"slots\":" + std::to_string(slots) + "}");
}

void Report::Result(const std::string &method, const std::string &bytes) {
  if (people_) return Print("result of", method + ": " + std::to_string(bytes.size()) + " bytes");
  if (bytes.size() > kKept) return;
  Write("{\"type\":\"result\",\"method\":" + Json(method) + ",\"bytes\":\"" + Base64(bytes) + "\"}");
}

void Report::Silence() {
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) _exit(1);
  out_ = nowhere;
}

void Report::WriteDone() {
  fflush(nullptr);
  if (!people_) Write("{\"type\":\"done\"}");
}

void Report::Done() {
  if (people_) throw End();
  WriteDone();
  _exit(0);
}

}  // namespace tenon::check
