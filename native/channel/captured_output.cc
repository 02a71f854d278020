#include "channel/captured_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace tenon {
namespace {

/* Bytes kept of each stream: at least this many, at most twice as many. src/tiers/process/captured-output.ts
 * has the same value. */
constexpr size_t kKept = size_t{16} << 20;
constexpr size_t kChunk = 64 * 1024;
/* Chunks read in one turn. After a turn the waiting caller checks its deadline. */
constexpr int kTurn = 16;

}  // namespace

void CapturedOutput::Open(int out, int err) {
  Close();
  const int files[2] = {out, err};
  for (int i = 0; i < 2; i++) streams_[i].file = files[i] < 0 ? -1 : fcntl(files[i], F_DUPFD_CLOEXEC, 3);
}

void CapturedOutput::Close() {
  for (Stream &stream : streams_) stream.Close();
}

void CapturedOutput::Stream::Close() {
  if (file >= 0) close(file);
  file = -1;
}

bool CapturedOutput::Listen() {
  bool out = streams_[0].Listen(), err = streams_[1].Listen();
  return out || err;
}

bool CapturedOutput::Stream::Listen() {
  char chunk[kChunk];
  bool heard = false;
  for (int i = 0; i < kTurn && file >= 0; i++) {
    /* Polls first, because the other end can make the file blocking at any time. */
    pollfd there = {file, POLLIN, 0};
    if (poll(&there, 1, 0) != 1) return heard;
    ssize_t size = read(file, chunk, sizeof(chunk));
    if (size == 0) Close();
    if (size <= 0) return heard;
    heard = true;
    try {
      text.append(chunk, static_cast<size_t>(size));
    } catch (const std::bad_alloc &) {
      lost += static_cast<size_t>(size);
    }
    if (text.size() <= 2 * kKept) continue;
    lost += text.size() - kKept;
    text.erase(0, text.size() - kKept);
  }
  return heard;
}

std::string CapturedOutput::Take(int stream, uint64_t *lost) {
  Stream &from = streams_[stream];
  *lost = std::exchange(from.lost, 0);
  return std::exchange(from.text, std::string());
}

}  // namespace tenon
