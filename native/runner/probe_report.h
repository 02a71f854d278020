// The line protocol between tenon-runner and the host, separate from the plugin's standard streams.
//
// Host to runner, on file descriptor 4:
//     start NONCE PID     the nonce that marks every record, and the host's process
//     go                  the host accepts the version: continue with get_name
//
// Runner to host, on file descriptor 3. Every line begins with the nonce. Bytes are in hexadecimal:
//     NONCE stage open|version|name|vtable   the next gate: if nothing follows, the plugin failed in it
//     NONCE version BYTES                    the result of get_version
//     NONCE name BYTES                       the result of get_name
//     NONCE vtable SIZE FLAGS SLOT...        hexadecimal addresses relative to the library's base
//     NONCE fail CODE MESSAGE                refused, nothing follows
//     NONCE done                             all gates passed, nothing follows
//
// A stream that ends without `fail` or `done` is a crash or an exit of the plugin, no matter what the exit
// code is. A line without the nonce comes from the plugin, which must not use this channel.
#ifndef TENON_RUNNER_PROBE_REPORT_H
#define TENON_RUNNER_PROBE_REPORT_H

#include <string>
#include <string_view>

#include "channel/pipe_file.h"

namespace tenon::probe {

class Channel {
 public:
  // Takes ownership of file descriptors 3 and 4. Returns false if they are not open.
  bool open();

  // Reads `start`. Returns the host's process id, or 0 if the host does not use this protocol.
  int await_start();

  // Waits for the host's decision about the version. Returns false if it is not `go`.
  bool await_go();

  // Sends one record. Ends the process if the host is gone.
  void send(std::string_view record);
  void send(std::string_view verb, std::string_view bytes);

  // Sends the last record, after all output of the plugin, and ends the process without its exit handlers.
  [[noreturn]] void finish(std::string_view record);
  [[noreturn]] void fail(const char *code, const std::string &message);

 private:
  bool read_line(std::string &line);

  PipeFile out_ = kNoPipeFile;
  PipeFile in_ = kNoPipeFile;
  std::string nonce_;
};

std::string hex(std::string_view bytes);

}  // namespace tenon::probe

#endif
