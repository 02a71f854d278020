/* The host's end of a channel. Has no dependency on Node.js: process/processes.cc wraps it.
 *
 *     ChannelHost channel;
 *     channel.Create(options);                       // memfd, wake pipe, lifetime pipe
 *     spawn(tenon-runner, stdio = [..., channel.shm_file(), channel.wake_file(), channel.life_file()])
 *     channel.Started(pid);
 *     channel.Await(0, timeout, &answer);            // kReady or kRefused
 *     number = channel.Send(request, timeout);
 *     channel.Await(number, timeout, &answer); ...; channel.Done();
 *
 * Used on one thread at a time. The host's end does not trust the runner. No matter what the runner writes, a
 * call returns at its deadline at the latest and reads only within the ring. It accepts one answer for each
 * request, in the order of the requests. It neither reads nor writes a file whose state the runner can change:
 * such a call could block. */
#ifndef TENON_CHANNEL_HOST_END_H
#define TENON_CHANNEL_HOST_END_H

#include <sys/types.h>

#include <deque>

#include "channel/bell.h"
#include "channel/layout.h"
#include "channel/captured_output.h"
#include "channel/ring.h"

namespace tenon {

/* The longest time for which an external kill of the runner can go unnoticed, in nanoseconds. A crash rings
 * and needs no polling. */
constexpr uint64_t kSlice = 2000000;
/* The longest sleep while the runner prints a lot, in nanoseconds: it waits for this end to read its
 * output. */
constexpr uint64_t kPrintingSlice = 100000;

struct ChannelOptions {
  uint64_t request_bytes = uint64_t{128} << 20;
  uint64_t response_bytes = uint64_t{128} << 20;
  uint64_t event_bytes = uint64_t{32} << 20;
  Profile profile = Profile::kBalanced;
  /* The limit for an answer, in bytes. A longer answer breaks the channel. */
  uint64_t longest_answer = 0x7fffffff;
};

enum class Wait {
  kDone,
  kTimeout,
  kGone,   /* the runner has ended, or has announced that it is about to */
  kBroken, /* the runner violated the protocol; see broken() */
};

/* The bytes of a message in up to three pieces. They are written to the ring one after the other. */
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

/* An answer, an event or a log entry. `bytes` are in the ring or in memory of the channel, and valid until
 * Done. */
struct Message {
  Record record;
  const uint8_t *bytes;
};

/* The rest of a kBatch answer after its offsets and statuses were copied out. */
struct BatchAnswer {
  uint32_t processed;
  const uint8_t *data;
  uint64_t size; /* of the data, in bytes: the last offset */
};

class ChannelHost {
 public:
  ChannelHost() = default;
  ChannelHost(const ChannelHost &) = delete;
  ChannelHost &operator=(const ChannelHost &) = delete;
  ~ChannelHost() { Close(); }

  /* Creates the shared memory, the wake file and the lifetime pipe. Returns 0, or the errno of the failed
   * call. */
  int Create(const ChannelOptions &options);
  int shm_file() const { return shm_; }
  int wake_file() const { return wake_; }
  /* Readable when the runner has news for the event loop. */
  int news_file() const { return news_; }
  /* Readable after Poke. Only this process has it. */
  int poke_file() const { return poke_; }
  int life_file() const { return life_child_; }
  /* The pidfd, which becomes readable when the runner ends. -1 before Started, and on kernels without
   * pidfd. */
  int pid_file() const { return pidfd_; }
  /* The file that shows the end of the runner: the pidfd, or where there is none the lifetime pipe, which fails
   * when no process holds its other end. */
  int end_file() const { return pidfd_ >= 0 ? pidfd_ : life_; }
  /* Records that the runner was started and closes the files that only the runner needs. The host's end of
   * the lifetime pipe stays open until Close. */
  void Started(pid_t pid);

  /* Writes a request to the ring and returns its number. Returns 0 if no room becomes free until the deadline,
   * if the runner is gone, or if the channel is broken. A request larger than the ring is sent in parts. If the
   * deadline passes between two of them, nothing can be sent any more. */
  uint64_t Send(const Request &request, Deadline &deadline);
  uint64_t Send(const Request &request, uint64_t timeout) {
    Deadline deadline(timeout);
    return Send(request, deadline);
  }
  /* As Send, without waiting. Parts that do not fit yet are copied, and SendRest sends them. `exhausted` receives
   * whether there was no memory for them. */
  uint64_t Post(const Request &request, bool *exhausted);
  /* Sends parts of the posted request that fit now, until `until`. Returns false if some are left. */
  bool SendRest(uint64_t until);
  /* Whether a deadline has passed between two parts of a request. */
  bool torn() const { return torn_; }
  bool has_rest() const { return rest_.bytes != nullptr; }
  /* The position of the last record of the request that was sent last. */
  uint64_t last_place() const { return requests_.last(); }
  /* Marks the request at this position as no longer wanted: the runner answers it with kNotBegun unless it has
   * begun. Returns whether no further answer has arrived. A runner that begins a request has published the answer
   * to the previous one before. */
  bool Withdraw(uint64_t place) {
    requests_.AddFlags(place, kWithdrawn);
    return !responses_.HasNews();
  }
  /* The longest request that is sent in one part. */
  uint64_t longest_request() const { return requests_.limit(); }

  /* Waits for the answer with this number, for at most `timeout` nanoseconds (kNever: as long as the runner
   * lives). Answers to other requests are stored for Next. An answer that this process has no memory for
   * arrives without bytes and with the status kExhausted. */
  Wait Await(uint64_t number, Deadline &deadline, Message *answer);
  Wait Await(uint64_t number, uint64_t timeout, Message *answer) {
    Deadline deadline(timeout);
    return Await(number, deadline, answer);
  }

  /* Reads the next answer. Returns false if there is none, or if its parts have not all been joined until
   * `until`. */
  bool Next(Message *answer, uint64_t until = kNever);
  /* The bytes of messages that a runner can have written at most when it ends. */
  uint64_t room_for_messages() const { return memory_.ring_size(kResponses) + memory_.ring_size(kEvents); }
  /* Ends the use of the message that Await or Next returned. EventDone does the same after NextEvent. */
  void Done();
  void EventDone() { events_.Release(); }
  /* Reads the next event or log entry. Returns false if there is none. */
  bool NextEvent(Message *event);

  /* Makes the news file readable as soon as there is an answer, an event, or room after a part of a large
   * request. Returns false if something is there already. */
  bool Arm();
  /* As Arm, for answers or events alone. */
  bool ArmAnswers();
  bool ArmEvents();
  /* Whether the ring has records of answers. */
  bool has_answers() const { return responses_.HasNews(); }
  /* The number of stored answers, which arrived while the caller waited for another one. */
  size_t kept() const { return kept_.size(); }
  /* Makes both files unreadable until the next wake-up. */
  void Disarm();
  /* Makes the poke file readable, without the runner. */
  void Poke();

  /* The output of the runner that was read while this end waited. The channel pokes each time it has read
   * some. */
  CapturedOutput &captured_output() { return captured_output_; }

  /* Releases memory after large messages. Returns false if messages are still in flight. Cheap: call it from
   * a timer while the channel is idle. */
  bool Trim() { return requests_.Trim(); }
  bool wants_trim() const { return requests_.wants_trim(); }

  /* Returns whether the runner's process is running. A zombie is not. */
  bool IsAlive();
  const char *broken() const;
  /* Declares the channel broken. The caller does this for violations that it finds itself. */
  void Break(const char *reason) { broken_ = reason; }

  RunnerState state() const {
    return static_cast<RunnerState>(facts().state.load(std::memory_order_acquire));
  }
  RunnerFacts &facts() const { return memory_.header()->facts; }
  void ReadBreadcrumb(Breadcrumb *copy) const { memory_.ReadBreadcrumb(copy); }
  bool ReadCrash(CrashRecord *copy) const { return memory_.ReadCrash(copy); }
  const uint8_t *InputAt(uint64_t offset, uint64_t size) const { return memory_.InputAt(offset, size); }

  /* Ends the runner by closing its lifetime pipe, and unmaps the memory. */
  void Close();

  /* Copies the count + 1 offsets and the count statuses out of a kBatch answer and checks the copies: the
   * offsets begin with 0, do not decrease and end within the data. Returns false if the answer is
   * malformed. */
  static bool TakeBatch(const Message &answer, uint32_t count, int32_t *offsets, int32_t *statuses,
                        BatchAnswer *batch);

 private:
  struct Kept {
    Record record;
    uint8_t *bytes; /* owned */
  };
  /* The parts of a posted request that are not sent yet. */
  struct Rest {
    Record record;
    uint8_t *bytes; /* owned; NULL if there are none */
    uint64_t sent;
  };
  enum class Arrival { kNothing, kPart, kWhole };
  uint64_t PartOf(uint64_t total) const;
  bool SendRecord(const Record &record, const Pieces &pieces, uint64_t from, Deadline *deadline);
  bool SendPart(Record record, const Pieces &pieces, uint64_t from, Deadline *deadline);
  bool FinishRest(Deadline *deadline);
  bool AwaitRoom(uint64_t size, Deadline *deadline);
  Arrival Fetch(Message *answer);
  bool IsExpected(const Record &record);
  bool Join(const Record &record, const uint8_t *bytes);
  void Append(const Record &record, const uint8_t *bytes);
  bool Keep(const Message &answer);
  bool TakeKept(uint64_t number, Message *answer);
  /* Whether the runner itself has reported its end. This check costs nothing. */
  bool HasEnded() const { return state() >= RunnerState::kRefused; }
  bool IsGone();
  uint64_t Listen();

  ChannelMemory memory_;
  RingWriter requests_;
  RingReader responses_, events_;
  ChannelOptions options_;
  Wakefulness awake_;
  CapturedOutput captured_output_;
  int shm_ = -1, wake_ = -1, news_ = -1, poke_ = -1, life_ = -1, life_child_ = -1, pidfd_ = -1;
  pid_t pid_ = 0;
  uint64_t numbers_ = 0;  /* of the last request */
  uint64_t expected_ = 0; /* the number of the next answer; the first message has the number 0 */
  bool poked_ = false;
  const char *broken_ = nullptr;
  bool torn_ = false;     /* a request has lost its last parts, and nothing can follow */
  std::deque<Kept> kept_; /* answers that were not asked for yet */
  Rest rest_ = {};
  Kept parts_ = {};      /* an answer whose records have not all arrived */
  bool joining_ = false; /* there is one; its bytes are NULL if there was no memory for them */
  uint64_t parts_size_ = 0, parts_room_ = 0;
  uint8_t *shown_ = nullptr; /* memory of the current message, freed by Done; NULL if it has none */
  bool in_ring_ = false;     /* the current message is in the ring, and Done releases it */
};

}  // namespace tenon

#endif
