/* The memory that a host and its runner share, and what the two say to each other in it.
 *
 * One sealed memfd per runner: this header, then three rings, each with one writer and one reader (ring.h):
 * requests go from the host to the runner, responses and events (with log entries) the other way. Neither
 * side trusts the other: what is read from the memory is read once, into a local, and checked before it is
 * used; sizes and places are known to each side by itself.
 *
 *     page 0     geometry, written once by the host before the runner starts; then words that one side writes
 * and the other reads page 1     what the runner tells about itself: its state, the call in flight, a crash
 *     rings      sparse: a page takes memory only after it was written
 *
 * Numbers are little-endian and of this machine; both ends are built together, so there is one layout version
 * and no older. */
#ifndef TENON_CHANNEL_LAYOUT_H
#define TENON_CHANNEL_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "plugin/frames.h"

namespace tenon {

constexpr uint64_t kChannelMagic = 0x6c6e6e6863746e54; /* "Tntchnnl" */
constexpr uint32_t kChannelLayout = 1;
constexpr size_t kPage = 4096;
constexpr size_t kLine = 64;
constexpr size_t kPair =
    128; /* processors fetch lines in pairs: words of different writers keep this distance */

/* ---- Messages ---- */

/* What the runner is asked to do. The answer has the same operation and number. */
enum Operation : uint32_t {
  kNew = 1,   /* bytes: the config. Answer: the instance, or the plugin's message */
  kCall = 2,  /* instance, method, `detail`: 1 + the exact size that the result must have, or 0 */
  kBatch = 3, /* instance, method; bytes: BatchRequest. Answer: BatchResponse */
  kDrop = 4,  /* instance */
  kBind = 5,  /* bytes: a kind ("codec/1"), `detail`: the slot. Answer: the method */
  kMethodCount =
      6,     /* bytes: a kind. Answer: the count in `detail`, 0 for a kind that the plugin does not know */
  kPing = 7, /* bytes come back; the plugin is not called */
  kShutdown = 8, /* drops all instances; nothing follows the answer */
  /* What the runner says unasked, with the number 0. */
  kReady = 16,   /* first message: the plugin has passed all gates */
  kRefused = 17, /* first message, and the last: bytes "ERR_TENON_...\nmessage" */
  kEvent = 18,   /* events ring: of `instance` */
  kLog = 19,     /* events ring: of `instance`, the level in `status` */
};

constexpr uint32_t kMore = 1;     /* flag: further records with the same number continue the message */
constexpr int32_t kSomething = 0; /* the method that needs no kBind */
constexpr int32_t kBadTable =
    -32; /* kBind, kMethodCount: the plugin's method table is unusable; the bytes say why */
constexpr int32_t kBadRequest = -33;  /* the host asked for something that does not exist */
constexpr int32_t kMissingKind = -34; /* kBind: the plugin does not know the kind, or it has no such slot */

/* What a message is, beside its bytes. */
struct Record {
  uint32_t operation;
  uint32_t flags;
  uint64_t size;  /* bytes in this record */
  uint64_t total; /* bytes in the whole message */
  uint64_t number;
  uint32_t instance;
  int32_t method;
  int32_t status;  /* a tenon_status, an Outcome of output.h, or one of the codes above */
  uint32_t detail; /* the status behind a kBadStatus, the length behind a kBadRecord; see Operation */
};

/* A line in front of the bytes of each record in a ring. The reader waits for the stamp, so that a small
 * message takes no more trips between processors than a bare word would. A stamp is the record's position
 * mixed with a secret of the channel: neither what was left from before nor bytes of a user, which may lie
 * where a reader waits, can pass for one. */
struct Slot {
  std::atomic<uint64_t> stamp;
  uint64_t reserved;
  Record record;
};
static_assert(sizeof(Slot) == kLine, "bytes behind a slot begin a line");

/* Then count + 1 offsets (int32, not decreasing, not necessarily from 0), padding to 16, data from the first
 * offset on. */
struct BatchRequest {
  uint32_t count;
  uint32_t reserved;
};
/* Then count + 1 offsets (int32, from 0), count statuses (int32), padding to 16, data. The record's status
 * tells why the batch ended early, if it did. */
struct BatchResponse {
  uint32_t count;
  uint32_t processed;
};
inline size_t BatchRequestData(size_t count) {
  return (sizeof(BatchRequest) + 4 * (count + 1) + 15) & ~size_t{15};
}
inline size_t BatchResponseData(size_t count) {
  return (sizeof(BatchResponse) + 4 * (2 * count + 1) + 15) & ~size_t{15};
}

/* ---- The header ---- */

enum RingName { kRequests = 0, kResponses = 1, kEvents = 2, kRingCount = 3 };

constexpr uint64_t kNowhere = ~uint64_t{0}; /* no position: those are multiples of a line */

struct RingPlace {
  uint64_t offset;
  uint64_t size; /* a power of two */
};

/* Beside the records themselves. Each pair of lines is written by one side only; the other one takes the
 * sleeper's mark off. */
struct RingWords {
  alignas(kPair)
      std::atomic<uint64_t> skip; /* writer: at this position the reader goes on at the start of the ring */
  alignas(kPair) std::atomic<uint64_t> tail; /* reader: how many bytes are used up; never goes back */
  alignas(kPair) std::atomic<uint32_t> reader_sleeps; /* reader: waits on this word for a record */
  std::atomic<uint32_t> reader_armed; /* reader: wants a byte in its eventfd for the next record */
  alignas(kPair) std::atomic<uint32_t> writer_sleeps; /* writer: waits on this word for room */
};

enum class RunnerState : uint32_t {
  kStarting = 0,
  kReady = 1,
  kRefused = 2,
  kStopped = 3,
  kExited = 4,
  kCrashed = 5,
  kBroken = 6,
  kCut = 7 /* the plugin has closed the descriptors of the channel */
};
/* The exit code of a runner that is cut off. Over a pipe it has no other way to say so. */
constexpr int kExitCut = 86;

/* Atomic access to the words of structs that are copied too. */
inline void StoreWord(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
inline uint32_t LoadWord(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Where the runner is, so that a crash has a culprit. */
enum class Stage : uint32_t {
  kIdle = 0,
  kStart = 1,   /* nothing of the plugin has run */
  kOpen = 2,    /* constructors of the library */
  kVersion = 3, /* get_version */
  kName = 4,    /* get_name */
  kVtable = 5,  /* get_plugin */
  kInNew = 6,   /* from here on slots of the vtable or of a kind */
  kInCall = 7,
  kInDrop = 8,
  kInExtension = 9,
};

struct Breadcrumb {
  alignas(kLine) uint32_t stage; /* a Stage; written last, read first */
  uint32_t operation;
  uint64_t number; /* of the request, whatever it is */
  uint32_t instance;
  int32_t method;
  uint32_t message; /* in a batch: which one */
  uint32_t reserved;
  uint64_t input_offset; /* in the memfd; 0 if the input is not in the ring */
  uint64_t input_size;
  uint64_t calls; /* requests kCall and kBatch that this process was sent, this one among them */
};

struct CrashRecord {
  alignas(kLine) uint32_t written; /* 1 if the rest is there */
  int32_t signal;
  int32_t code; /* si_code */
  uint32_t thread;
  uint32_t main_thread; /* 1: the thread that makes the calls */
  uint32_t frame_count;
  uint32_t scanned; /* 1: frames are words of the stack that look like return addresses, not a walked chain */
  uint32_t reserved;
  uint64_t address; /* that could not be accessed */
  uint64_t pc;
  uint64_t sp;
  uint64_t base; /* of the plugin's library: subtract it for addresses in the file */
  uint64_t frames[kMaxFrames];
};

/* Bits of RunnerFacts::active: what of the wanted limits is in force. */
enum : uint32_t {
  kLimitMemory = 1u << 0,
  kLimitCpu = 1u << 1,
  kLimitFiles = 1u << 2,
  kLimitCore = 1u << 3,
  kClosedFiles = 1u << 4,
  kNoNewPrivileges = 1u << 5,
  kSeccomp = 1u << 6,
  kLandlock = 1u << 7,
  kParentSignal = 1u << 8,
};

struct RunnerFacts {
  alignas(kLine) std::atomic<uint32_t> state; /* a RunnerState */
  std::atomic<uint32_t> pid;
  std::atomic<uint32_t> active;
  std::atomic<uint32_t> landlock_abi;
};

struct ChannelHeader {
  /* Written by the host before there is a runner. */
  uint64_t magic;
  uint32_t layout;
  uint32_t reserved;
  uint64_t total;
  uint64_t secret;
  RingPlace places[kRingCount];
  RingWords rings[kRingCount];

  alignas(kPage) RunnerFacts facts;
  Breadcrumb breadcrumb;
  CrashRecord crash;
};
constexpr size_t kHeaderSize = (sizeof(ChannelHeader) + kPage - 1) & ~(kPage - 1);
static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4,
              "words are shared between processes");
static_assert(kHeaderSize == 2 * kPage, "the header is two pages");

/* ---- The mapping ---- */

/* The memory as one side has it mapped. Owns the mapping. */
class ChannelMemory {
 public:
  ChannelMemory() = default;
  ChannelMemory(const ChannelMemory &) = delete;
  ChannelMemory &operator=(const ChannelMemory &) = delete;
  ~ChannelMemory() { Unmap(); }

  /* Host: makes and seals the memfd; sizes are rounded up to powers of two. 0, or the errno. `file` is
   * close-on-exec. */
  int Create(const uint64_t (&sizes)[kRingCount], int *file);
  /* Runner: maps what the host made. NULL, or what is wrong with it. */
  const char *Open(int file);
  void Unmap();

  ChannelHeader *header() const { return reinterpret_cast<ChannelHeader *>(base_); }
  uint8_t *ring(RingName name) const { return base_ + places_[name].offset; }
  uint64_t secret() const { return secret_; }
  uint64_t ring_size(RingName name) const { return places_[name].size; }
  uint64_t size() const { return size_; }

  /* Copies, for the host: the runner may write while this reads. ReadCrash: false if there is no record. */
  void ReadBreadcrumb(Breadcrumb *copy) const;
  bool ReadCrash(CrashRecord *copy) const;
  /* The input of the call in flight; NULL if the breadcrumb tells no place inside of the request ring. */
  const uint8_t *InputAt(uint64_t offset, uint64_t size) const;
  uint64_t OffsetOf(const void *address) const {
    return static_cast<uint64_t>(static_cast<const uint8_t *>(address) - base_);
  }

 private:
  uint8_t *base_ = nullptr;
  uint64_t size_ = 0;
  uint64_t secret_ = 0;
  RingPlace places_[kRingCount] = {};
};

}  // namespace tenon

#endif
