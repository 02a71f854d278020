/* The output that a runner prints while its host blocks in a call. A runner that blocks on a full pipe never
 * answers, so the host reads the output while it waits.
 *
 *     captured_output.Open(stdout, stderr);
 *     while (waiting) captured_output.Listen();
 *     text = captured_output.Take(0, &lost);  // before anything else is read from that file */
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

  /* Duplicates the two descriptors. The caller may close its own at any time. */
  void Open(int out, int err);
  void Close();

  /* Reads the available output without waiting. Returns whether there was any. */
  bool Listen();
  bool empty() const { return streams_[0].IsEmpty() && streams_[1].IsEmpty(); }
  /* Returns the captured bytes of stdout (0) or stderr (1). `lost` receives the number of earlier bytes that
   * were dropped because they exceeded the limit. */
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
