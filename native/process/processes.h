/* The runners of one Node.js environment (the main thread or a worker): channels on its event loop. Used on
 * that environment's thread only. A control array that JavaScript shares holds the runner of a call, the
 * request and the outcome. src/tiers/process/protocol.ts has the same numbers. */
#ifndef TENON_PROCESS_PROCESSES_H
#define TENON_PROCESS_PROCESSES_H

#include <node_api.h>

#include <deque>
#include <vector>

#include "channel/host_end.h"
#include "node/uv_loop.h"
#include "process/warm_blocks.h"

namespace tenon {

/* Indices of the control array. */
enum ProcessWord {
  kWordOutcome = 0,         /* out: the record's status, or a ProcessOutcome */
  kWordLength = 1,          /* out: bytes of the answer */
  kWordDetail = 2,          /* in, out: Record::detail */
  kWordRunner = 3,          /* in: the runner's index in the table */
  kWordSerial = 4,          /* in: its serial number, because indices are reused */
  kWordInstance = 5,        /* in, out */
  kWordMethod = 6,          /* in, out */
  kWordTimeout = 7,         /* in: milliseconds, negative for none */
  kWordOperation = 8,       /* in */
  kWordSlot = 9,            /* in: the slot that identifies the answer to a `send` */
  kWordHeld = 10,           /* out: 1 if the answer is still in the ring: take, takeBatch or skip it */
  kWordProcessed = 11,      /* out of takeBatch: number of messages processed */
  kWordCount = 12,          /* out of a wake-up: number of entries */
  kWordEnded = 13,          /* out of a wake-up: a ProcessEnd */
  kWordPlace = 14,          /* out: offset of the answer in the slab; -1 if it is not there */
  kWordFree = 15,           /* in: offset from which the slab is free */
  kWordChecked = 16,        /* in: 1 if JavaScript has checked the input's memory */
  kWordCapturedOutput = 17, /* out of a wake-up: 1 if `capturedOutput` has something to return */
  kWordEntries = 24,        /* out of a wake-up: kEntryCount entries of kEntrySize words */
};
enum ProcessEntry {
  kEntryOperation = 0,
  kEntrySlot = 1, /* of an answer */
  kEntryInstance = 2,
  kEntryMethod = 3,
  kEntryStatus = 4,
  kEntryDetail = 5,
  kEntryLength = 6, /* the bytes of the entries are consecutive in the scratch memory */
  kEntryHeld = 7,   /* 1: the bytes are not there, see kWordHeld. Only in the last entry */
  kEntrySize = 8
};
constexpr int32_t kEntryCount = 256;
constexpr size_t kProcessWords = kWordEntries + kEntryCount * kEntrySize;
constexpr size_t kProcessScratch = 64 * 1024;
/* The longest answer that goes into the slab, in bytes. */
constexpr uint64_t kSlabLongest = 1024;

/* The outcome of a request without an answer. The values are disjoint from the statuses of records. */
enum ProcessOutcome : int32_t {
  kOutcomeGone = -40,    /* the runner has ended, or has announced that it is about to */
  kOutcomeBroken = -41,  /* the runner violated the protocol */
  kOutcomeTimeout = -42, /* no answer in time */
  kOutcomeTorn = -46,    /* the timeout passed when a part of the request was sent, so nothing can follow */
  kOutcomeUnbegun = -45, /* no answer in time; the request was withdrawn before it began */
  kOutcomeFull = -43,    /* the ring was full, and nothing was sent */
  kOutcomeClosed = -44,  /* the runner never existed or is closed */
};

enum ProcessEnd : int32_t {
  kRunning = 0,
  kEnding = 1, /* the runner has announced that it will end */
  kEnded = 2,  /* the process is a zombie */
};

class Processes;

/* One runner. Freed by libuv's last callback for it. */
class Process {
 public:
  Process(Processes *owner, int32_t index, int32_t serial) : owner_(owner), index_(index), serial_(serial) {}

  /* Creates the channel and watches it. Returns 0 or the errno. */
  int Open(uv_loop_s *loop, const ChannelOptions &options);
  /* Records that the process was started, and watches it and its output on these files. Returns 0 or the
   * errno. */
  int Started(uv_loop_s *loop, pid_t pid, int out, int err);
  /* Ends the runner by closing its lifetime pipe. Deletes this object as soon as the event loop has released
   * it. */
  void Close();

  /* Sends the request that the control words describe, and waits. Writes the outcome to the control words. */
  void Do(const Pieces &bytes);
  /* Sends the request; its answer comes with a wake-up. kWordOutcome receives whether it was sent. */
  void Send(const Pieces &bytes);
  /* Sends a kCall and waits. The result goes to `output` and must fill it exactly. */
  void DoInto(const Pieces &bytes, uint8_t *output, size_t size);
  /* Withdraws the request at this index of those that are not answered yet. Returns true if it certainly has not
   * begun. */
  bool Withdraw(size_t index, int32_t slot);
  /* Registers the runner's first message as the answer for `slot`. */
  void ExpectReady(int32_t slot);

  /* The number of bytes that `Take` copies. */
  uint64_t held_size() const { return batch_data_ != nullptr ? batch_left_ : message_.record.size; }
  bool holds() const { return held_ != Held::kNothing; }
  /* Copies the held answer and releases it. `is_new` says that the target may be new to the process. */
  void Take(uint8_t *target, size_t size, bool is_new);
  void TakeBatch(int32_t *offsets, int32_t *statuses, uint32_t count);
  void Release();

  /* Delivers the messages that the runner wrote before it ended, then its end, in several wake-ups if there are
   * many. For JavaScript that learns of the end first. */
  void Finish();

  /* Sets whether the event loop is kept alive even if no request is in flight. */
  void SetReferenced(bool referenced);
  /* While true, leaves events in the ring. */
  void SetPaused(bool paused);
  /* Requests another wake-up. */
  void Poke() { channel.Poke(); }

  ChannelHost channel;
  /* The longest input of a call, in bytes. JavaScript refuses a longer one. */
  uint64_t longest_input = ~uint64_t{0};
  int32_t serial() const { return serial_; }
  pid_t pid() const { return pid_; }
  bool closed() const { return closed_; }

 private:
  /* A request whose answer comes with a wake-up. Answers arrive in the order of requests. */
  struct Pending {
    uint64_t number;
    uint32_t operation;
    int32_t slot;
    uint64_t place; /* in the ring; kNowhere if it cannot be withdrawn */
  };
  enum class Held { kNothing, kAnswer, kEvent };

  static void OnNews(uv_any_handle *handle, int status, int events);
  static void OnEnd(uv_any_handle *handle, int status, int events);
  static void OnClosed(uv_any_handle *handle);
  uv_any_handle *Watch(uv_loop_s *loop, int file, void (*callback)(uv_any_handle *, int, int), int *problem);
  void HandleNews();
  void HandleRest(uint64_t end);
  void Collect(uint64_t end);
  bool CollectAnswer(uint64_t end);
  bool CollectEvent();
  void Enter(const Message &message, int32_t slot, Held kind);
  void Report(ProcessEnd end);
  bool Arm();
  void Expect();
  void UpdateReference();

  Request RequestOf(const Pieces &bytes) const;
  uint64_t Timeout() const;
  void Leave(const Pending &request);
  bool AwaitAnswer(const Pieces &bytes, Message *answer);
  void Fail(Wait wait);
  void FailToSend(int32_t otherwise);

  Processes *owner_;
  int32_t index_, serial_;
  pid_t pid_ = 0;
  uv_any_handle *news_ = nullptr, *poke_ = nullptr, *end_ = nullptr;
  int handles_ = 0;
  std::deque<Pending> pending_;
  Held held_ = Held::kNothing;
  Message message_ = {};
  uint64_t batch_left_ = 0; /* bytes of the held batch that `Take` copies */
  const uint8_t *batch_data_ = nullptr;
  size_t scratch_used_ = 0;
  uint8_t *slab_ = nullptr; /* memory for the answer that the caller waits for */
  uint64_t slab_room_ = 0;
  bool expecting_ = false; /* the next answer rings, or has rung, or is known */
  bool finishing_ = false; /* the process has ended; its last messages are delivered */
  uint64_t last_room_ = 0; /* bytes of messages that may still be delivered then */
  bool referenced_ = false, paused_ = false, active_ = false, closed_ = false;
};

class Processes {
 public:
  /* Creates the object of this environment. It is deleted with the environment. */
  static Processes *Make(napi_env env);

  /* Creates the shared memory and returns [control, scratch], or NULL if Node-API fails. Called once. */
  napi_value Open(napi_value wake);
  /* Creates a channel and writes the runner's index and serial number to the control words. Returns 0 or the
   * errno. */
  int Create(const ChannelOptions &options, Process **made);
  /* Returns the runner that the control words select. Returns NULL and sets the outcome if it is closed. */
  Process *Target();

  /* Calls JavaScript's wake(index, serial). */
  void Wake(int32_t index, int32_t serial);
  void Forget(int32_t index);
  void HandleClosed();

  /* Sets the ArrayBuffer that holds small answers without a further copy, each in a piece of it. JavaScript
   * sets another one before it is full. */
  void SetSlab(napi_value slab);
  /* Returns the free part of the slab, up to kSlabLongest bytes. Valid only until JavaScript runs again,
   * because code that holds a piece may transfer the whole buffer. */
  uint8_t *FreeSlab(uint64_t *room) const;

  napi_env env() const { return env_; }
  uv_loop_s *loop() const { return loop_; }
  std::vector<uint8_t> &batch_head() { return batch_head_; }
  WarmBlocks &blocks() { return *blocks_; }

  int32_t *control = nullptr;
  uint8_t *scratch = nullptr;
  int open_handles = 0;

 private:
  explicit Processes(napi_env env) : env_(env), blocks_(WarmBlocks::Make()) {}
  ~Processes() { blocks_->Close(); }
  static void OnTeardown(napi_async_cleanup_hook_handle hook, void *self);
  static void OnUnused(void *self) { delete static_cast<Processes *>(self); }

  napi_env env_;
  WarmBlocks *blocks_;
  uv_loop_s *loop_ = nullptr;
  napi_ref wake_ = nullptr, receiver_ = nullptr, slab_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool down_ = false;
  int32_t serials_ = 0;
  std::vector<Process *> table_;
  std::vector<int32_t> free_;
  std::vector<uint8_t> batch_head_;
};

/* Reads the exit status of a process without reaping it: its parent does that. Returns false if the process
 * has not ended or was already reaped. */
struct ProcessStatus {
  int code;      /* -1 if a signal ended it */
  int signal;    /* 0 if it exited */
  uint64_t peak; /* of memory, in bytes */
};
bool ReadEnd(pid_t pid, ProcessStatus *status);

}  // namespace tenon

#endif
