/* What a runner prints while its host waits for it and does not read: a runner that may not print on would
 * never answer.
 *
 *     captured_output.Open(stdout, stderr);
 *     while (waiting) captured_output.Listen();
 *     text = captured_output.Take(0, &lost);             // before anything else is read from that file */
#ifndef TENON_CHANNEL_CAPTURED_OUTPUT_H
#define TENON_CHANNEL_CAPTURED_OUTPUT_H

#include <stdint.h>

#include <string>

namespace tenon {

class CapturedOutput {
 public:
  CapturedOutput() = default;
  CapturedOutput(const CapturedOutput &) = delete;
  CapturedOutput &operator=(const CapturedOutput &) = delete;
  ~CapturedOutput() { Close(); }

  /* Has descriptors of its own: those that are given may be closed at any time. */
  void Open(int out, int err);
  void Close();

  /* Takes what is there, without waiting. Whether there was something. */
  bool Listen();
  bool empty() const { return streams_[0].IsEmpty() && streams_[1].IsEmpty(); }
  /* What was taken from stdout (0) or stderr (1). `lost`: so many bytes before it were too many to be kept.
   */
  std::string Take(int stream, uint64_t *lost);

 private:
  struct Stream {
    bool IsEmpty() const { return text.empty(); }
    bool Listen();
    void Close();
    int file = -1;
    std::string text;
    uint64_t lost = 0;
  };
  Stream streams_[2];
};

}  // namespace tenon

#endif
