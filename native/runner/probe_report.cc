#include "runner/probe_report.h"

#include <cstdlib>

#include "runner/limits.h"
#include "runner/standard_output.h"

namespace tenon::probe {
namespace {

constexpr int kOut = 3;
constexpr int kIn = 4;
constexpr size_t kLongestLine = 256;

}  // namespace

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool Channel::open() {
  out_ = HideFile(kOut);
  in_ = HideFile(kIn);
  return out_ != kNoPipeFile && in_ != kNoPipeFile;
}

bool Channel::read_line(std::string &line) {
  line.clear();
  while (line.size() < kLongestLine) {
    char byte;
    uint64_t got = 0;
    if (ReadSome(in_, &byte, 1, &got) != PipeState::kOpen) return false;
    if (byte == '\n') return true;
    line += byte;
  }
  return false;
}

int Channel::await_start() {
  std::string line;
  if (!read_line(line) || line.rfind("start ", 0) != 0) return 0;
  const size_t space = line.find(' ', 6);
  if (space == std::string::npos || space == 6) return 0;
  nonce_ = line.substr(6, space - 6);
  return std::atoi(line.c_str() + space + 1);
}

bool Channel::await_go() {
  std::string line;
  return read_line(line) && line == "go";
}

void Channel::send(std::string_view record) {
  std::string line = nonce_;
  line.append(" ").append(record).append("\n");
  for (size_t sent = 0; sent < line.size();) {
    uint64_t done = 0;
    if (WriteSome(out_, false, line.data() + sent, line.size() - sent, &done) != PipeState::kOpen)
      EndAtOnce(1);
    sent += static_cast<size_t>(done);
  }
}

void Channel::send(std::string_view verb, std::string_view bytes) {
  std::string record(verb);
  send(record.append(" ").append(hex(bytes)));
}

void Channel::finish(std::string_view record) {
  FlushOutput();
  send(record);
  EndAtOnce(0);
}

void Channel::fail(const char *code, const std::string &message) {
  finish(std::string("fail ").append(code).append(" ").append(hex(message)));
}

}  // namespace tenon::probe
