/* The host's end of a channel. Knows no Node.js: process/processes.cc wraps it.
 *
 *     ChannelHost channel;
 *     channel.Create(options);                       // memfd, eventfd, lifetime pipe
 *     spawn(tenon-runner, stdio = [..., channel.shm_file(), channel.wake_file(), channel.life_file()])
 *     channel.Started(pid);
 *     channel.Await(0, timeout, &answer);           // kReady or kRefused
 *     number = channel.Send(request, timeout);
 *     channel.Await(number, timeout, &answer); ...; channel.Done();
 *
 * Used on one thread at a time. Nothing in here trusts the runner: whatever it writes, a call returns, at the
 * latest at its deadline, and reads only what lies in the ring. */
#ifndef TENON_CHANNEL_HOST_END_H
#define TENON_CHANNEL_HOST_END_H

#include <sys/types.h>

#include <deque>

#include "channel/bell.h"
#include "channel/layout.h"
#include "channel/captured_output.h"
#include "channel/ring.h"

namespace tenon {

struct ChannelOptions {
  uint64_t request_bytes = uint64_t{128} << 20;
  uint64_t response_bytes = uint64_t{128} << 20;
  uint64_t event_bytes = uint64_t{32} << 20;
  Profile profile = Profile::kBalanced;
  /* A longer answer turns the channel broken. */
  uint64_t longest_answer = 0x7fffffff;
};

enum class Wait {
  kDone,
  kTimeout,
  kGone,   /* the runner has ended, or says that it is about to */
  kBroken, /* the runner broke the protocol; see broken() */
  kNoMemory,
};

/* Bytes of a message in up to three pieces, which go into the ring one behind the other. */
struct Pieces {
  const uint8_t *data[3] = {};
  uint64_t size[3] = {};
  uint64_t total() const { return size[0] + size[1] + size[2]; }
};

struct Request {
  uint32_t operation = kPing;
  uint32_t instance = 0;
  int32_t method = kSomething;
  uint32_t detail = 0;
  Pieces bytes;
};

/* An answer, an event or a log entry. `bytes` are in the ring, or in memory of the channel, until Done. */
struct Message {
  Record record;
  const uint8_t *bytes;
};

/* What is left of a kBatch answer when offsets and statuses were taken out of it. */
struct BatchAnswer {
  uint32_t processed;
  const uint8_t *data;
  uint64_t size; /* of the data: the last offset */
};

class ChannelHost {
 public:
  ChannelHost() = default;
  ChannelHost(const ChannelHost &) = delete;
  ChannelHost &operator=(const ChannelHost &) = delete;
  ~ChannelHost() { Close(); }

  /* 0, or the errno of what failed. */
  int Create(const ChannelOptions &options);
  int shm_file() const { return shm_; }
  int wake_file() const { return wake_; }
  int life_file() const { return life_child_; }
  /* Becomes readable when the runner has ended. -1 before Started, and where the kernel has no such file. */
  int pid_file() const { return pidfd_; }
  /* The runner was started: closes the files that only it needs. The parent side of the lifetime pipe stays
   * open until Close. */
  void Started(pid_t pid);

  /* Puts a request into the ring and returns its number. 0 if there is no room within `timeout` nanoseconds,
   * if the runner is gone or the channel broken. A request larger than the ring goes in parts, and then waits
   * for the runner in any case. */
  uint64_t Send(const Request &request, uint64_t timeout, uint64_t parts_timeout = kNever);
  /* What is longer goes in parts. They may take `parts_timeout`; after it the channel is broken. */
  uint64_t longest_request() const { return requests_.limit(); }

  /* Waits for the answer with this number, for `timeout` nanoseconds at most (kNever: for the runner's life).
   * Answers to other requests are kept for Next. */
  Wait Await(uint64_t number, uint64_t timeout, Message *answer);

  /* The next answer, if there is one. */
  bool Next(Message *answer);
  /* The message that Await, Next or NextEvent gave is used up. */
  void Done();
  void EventDone() { events_.Release(); }
  /* The next event or log entry, if there is one. */
  bool NextEvent(Message *event);

  /* Asks for a byte in the wake file as soon as there is an answer, an event, or room after a part of a large
   * request. False if something is there already. */
  bool Arm();
  /* The same for answers or events alone. */
  bool ArmAnswers();
  bool ArmEvents();
  /* Answers that came while another one was waited for. */
  size_t kept() const { return kept_.size(); }
  /* Empties the wake file. */
  void Disarm();

  /* While this waits, it takes what the runner prints. Each time that it took something it rings. */
  CapturedOutput &captured_output() { return captured_output_; }

  /* Gives memory back after large messages. Cheap; for a timer, when nothing is under way. False if something
   * still is. */
  bool Trim() { return requests_.Trim(); }
  bool wants_trim() const { return requests_.wants_trim(); }

  /* Whether the runner's process is still there, not only a zombie of it. */
  bool IsAlive();
  const char *broken() const;
  /* Declares the channel broken, for findings of the caller. */
  void Break(const char *reason) { broken_ = reason; }

  RunnerState state() const {
    return static_cast<RunnerState>(facts().state.load(std::memory_order_acquire));
  }
  RunnerFacts &facts() const { return memory_.header()->facts; }
  void ReadBreadcrumb(Breadcrumb *copy) const { memory_.ReadBreadcrumb(copy); }
  bool ReadCrash(CrashRecord *copy) const { return memory_.ReadCrash(copy); }
  const uint8_t *InputAt(uint64_t offset, uint64_t size) const { return memory_.InputAt(offset, size); }

  /* Ends the runner (its lifetime pipe closes) and forgets the memory. */
  void Close();

  /* Copies the count + 1 offsets and count statuses of a kBatch answer out, then checks the copies: offsets
   * begin with 0, do not decrease and end within the data. False if the runner lies. */
  static bool TakeBatch(const Message &answer, uint32_t count, int32_t *offsets, int32_t *statuses,
                        BatchAnswer *batch);

 private:
  struct Kept {
    Record record;
    uint8_t *bytes; /* owned */
  };
  bool SendRecord(Record record, const Pieces &pieces, uint64_t from, Deadline *deadline);
  bool AwaitRoom(uint64_t size, Deadline *deadline);
  bool Fetch(Message *answer);
  bool Join(const Record &record, const uint8_t *bytes);
  bool Keep(const Message &answer);
  bool TakeKept(uint64_t number, Message *answer);
  /* What the runner says itself; it costs nothing to look. */
  bool HasEnded() const { return state() >= RunnerState::kRefused; }
  bool IsGone();
  uint64_t Listen();

  ChannelMemory memory_;
  RingWriter requests_;
  RingReader responses_, events_;
  ChannelOptions options_;
  Wakefulness awake_;
  CapturedOutput captured_output_;
  int shm_ = -1, wake_ = -1, life_ = -1, life_child_ = -1, pidfd_ = -1;
  pid_t pid_ = 0;
  uint64_t numbers_ = 0;
  const char *broken_ = nullptr;
  std::deque<Kept> kept_; /* answers that nobody has asked for yet */
  Kept parts_ = {};       /* an answer of which not all records are there */
  uint64_t parts_size_ = 0, parts_room_ = 0;
  uint8_t *shown_ = nullptr; /* memory of the message that Done ends; NULL if it is in the ring */
};

}  // namespace tenon

#endif
