/* The runners of one Node.js environment (the main thread or a worker): channels on its event loop. Used on
 * that environment's thread only. Which runner a function is for, what it is to do, and how it went stands in
 * a control array that JavaScript shares; src/tiers/process/protocol.ts has the same numbers. */
#ifndef TENON_PROCESS_PROCESSES_H
#define TENON_PROCESS_PROCESSES_H

#include <node_api.h>

#include <deque>
#include <vector>

#include "channel/host_end.h"
#include "node/uv_loop.h"
#include "process/warm_blocks.h"

namespace tenon {

/* Places in the control array. */
enum ProcessWord {
  kWordOutcome = 0,         /* out: the record's status, or a ProcessOutcome */
  kWordLength = 1,          /* out: bytes of the answer */
  kWordDetail = 2,          /* in, out: Record::detail */
  kWordRunner = 3,          /* in: its place in the table */
  kWordSerial = 4,          /* in: and which of those that had the place */
  kWordInstance = 5,        /* in, out */
  kWordMethod = 6,          /* in, out */
  kWordTimeout = 7,         /* in: milliseconds, negative for none */
  kWordOperation = 8,       /* in */
  kWordSlot = 9,            /* in: what the answer to a `send` will be named by */
  kWordHeld = 10,           /* out: 1 if the answer is still in the ring: take, takeBatch or skip it */
  kWordProcessed = 11,      /* out of takeBatch */
  kWordCount = 12,          /* out of a wake-up: entries */
  kWordEnded = 13,          /* out of a wake-up: a ProcessEnd */
  kWordPlace = 14,          /* out: where in the slab the answer lies; -1: not there */
  kWordFree = 15,           /* in: from where on the slab is free */
  kWordChecked = 16,        /* in: 1 if JavaScript has looked at the input's memory */
  kWordCapturedOutput = 17, /* out of a wake-up: 1 if there is something to take with `capturedOutput` */
  kWordEntries = 24,        /* out of a wake-up: kEntryCount of kEntrySize */
};
enum ProcessEntry {
  kEntryOperation = 0,
  kEntrySlot = 1, /* of an answer */
  kEntryInstance = 2,
  kEntryMethod = 3,
  kEntryStatus = 4,
  kEntryDetail = 5,
  kEntryLength = 6, /* the bytes follow each other in the scratch memory */
  kEntryHeld = 7,   /* 1: they do not, see kWordHeld. Only in the last entry */
  kEntrySize = 8
};
constexpr int32_t kEntryCount = 256;
constexpr size_t kProcessWords = kWordEntries + kEntryCount * kEntrySize;
constexpr size_t kProcessScratch = 64 * 1024;
/* Longer answers do not go into the slab. */
constexpr uint64_t kSlabLongest = 1024;

/* Beside the statuses of a record: what became of a request that got no answer. */
enum ProcessOutcome : int32_t {
  kOutcomeGone = -40,    /* the runner has ended, or is about to */
  kOutcomeBroken = -41,  /* it broke the protocol */
  kOutcomeTimeout = -42, /* no answer in time */
  kOutcomeFull = -43,    /* no room in the ring, nothing was sent */
  kOutcomeClosed = -44,  /* no such runner, or no longer */
};

enum ProcessEnd : int32_t {
  kRunning = 0,
  kEnding = 1, /* it says itself that it will end */
  kEnded = 2,  /* the process is a zombie */
};

class Processes;

/* One runner. Freed by libuv's last callback for it. */
class Process {
 public:
  Process(Processes *owner, int32_t index, int32_t serial) : owner_(owner), index_(index), serial_(serial) {}

  /* 0, or the errno. */
  int Open(uv_loop_s *loop, const ChannelOptions &options);
  /* The process was spawned: watches it, and what it prints to these files. 0, or the errno. */
  int Started(uv_loop_s *loop, pid_t pid, int out, int err);
  /* Ends the runner by closing its lifetime pipe, and this object as soon as the event loop lets go of it. */
  void Close();

  /* Does the request that the control words name, and waits. How it went is in the control words. */
  void Do(const Pieces &bytes);
  /* Sends the request; its answer comes with a wake-up. kWordOutcome tells whether it was sent. */
  void Send(const Pieces &bytes);
  /* A kCall whose result goes to `output`, which must be filled by it exactly. */
  void DoInto(const Pieces &bytes, uint8_t *output, size_t size);
  /* The runner's first message is answered as if it had been asked for. */
  void ExpectReady(int32_t slot);

  /* Bytes that `Take` has to give. */
  uint64_t held_size() const { return batch_data_ != nullptr ? batch_left_ : message_.record.size; }
  bool holds() const { return held_ != Held::kNothing; }
  /* Copies the held answer, into memory that may be new to the process or was used before. */
  void Take(uint8_t *target, size_t size, bool is_new = true);
  void TakeBatch(int32_t *offsets, int32_t *statuses, uint32_t count);
  void Release();

  /* Delivers what the runner wrote before it ended, then its end. For JavaScript that hears of it first. */
  void Finish();

  /* Keeps the event loop alive also when nothing is under way. */
  void SetReferenced(bool referenced);
  /* Leaves events in the ring while true. */
  void SetPaused(bool paused);
  /* Another wake-up, soon. */
  void SelfWake();

  ChannelHost channel;
  int32_t serial() const { return serial_; }
  pid_t pid() const { return pid_; }
  bool closed() const { return closed_; }

 private:
  /* A request whose answer will come with a wake-up. Answers come in the order of requests. */
  struct Pending {
    uint64_t number;
    uint32_t operation;
    int32_t slot;
  };
  enum class Held { kNothing, kAnswer, kEvent };

  static void OnNews(uv_any_handle *handle, int status, int events);
  static void OnEnd(uv_any_handle *handle, int status, int events);
  static void OnClosed(uv_any_handle *handle);
  uv_any_handle *Watch(uv_loop_s *loop, int file, void (*callback)(uv_any_handle *, int, int), int *problem);
  void HandleNews();
  void Collect();
  bool CollectAnswer();
  bool CollectEvent();
  void Enter(const Message &message, int32_t slot, Held kind);
  void Tell(ProcessEnd end);
  bool Arm();
  void Expect();
  void UpdateReference();

  Request RequestOf(const Pieces &bytes) const;
  uint64_t Timeout() const;
  bool AwaitAnswer(const Pieces &bytes, Message *answer);
  void Fail(Wait wait);
  void FailToSend();

  Processes *owner_;
  int32_t index_, serial_;
  pid_t pid_ = 0;
  uv_any_handle *news_ = nullptr, *end_ = nullptr;
  int handles_ = 0;
  std::deque<Pending> pending_;
  Held held_ = Held::kNothing;
  Message message_ = {};
  uint64_t batch_left_ = 0; /* bytes of the held batch that `take` copies */
  const uint8_t *batch_data_ = nullptr;
  size_t scratch_used_ = 0;
  uint8_t *slab_ = nullptr; /* for the answer that is waited for */
  uint64_t slab_room_ = 0;
  bool expecting_ = false; /* the next answer rings, or has rung, or is known */
  bool referenced_ = false, paused_ = false, active_ = false, closed_ = false;
};

class Processes {
 public:
  /* The one of this environment, which ends with it. */
  static Processes *Make(napi_env env);

  /* Makes the shared memory: [control, scratch]. NULL if Node-API refuses. Once. */
  napi_value Open(napi_value wake);
  /* A new runner's place in the table, named in the control words. 0, or the errno. */
  int Create(const ChannelOptions &options, Process **made);
  /* The runner that the control words name. NULL, with the outcome set, if there is none. */
  Process *Target();

  /* Calls JavaScript's wake(index, serial). */
  void Wake(int32_t index, int32_t serial);
  void Forget(int32_t index);
  void HandleClosed();

  /* The ArrayBuffer of which small answers of requests get a piece each, without a further copy. JavaScript
   * gives another one before it is full. */
  void SetSlab(napi_value slab);
  /* What is free of the slab now, up to kSlabLongest bytes. Only until JavaScript runs again: whoever has a
   * piece of it may transfer all of it elsewhere. */
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

/* How a process ended, without taking its end away from whoever started it. False if it did not, or if that
 * is not known any more. */
struct ProcessStatus {
  int code;      /* -1: by a signal */
  int signal;    /* 0: by itself */
  uint64_t peak; /* bytes of memory */
};
bool ReadEnd(pid_t pid, ProcessStatus *status);

}  // namespace tenon

#endif
