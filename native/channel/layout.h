/* The memory that a host and its runner share, and the messages that they exchange in it.
 *
 * There is one sealed memfd per runner: this header, then three rings (ring.h), each with one writer and one
 * reader. Requests go from the host to the runner. Responses and events (with log entries) go the other way.
 * Neither side trusts the other: it reads a value once, into a local variable, and checks the copy before it
 * uses it. Each side keeps its own copy of sizes and offsets.
 *
 *     page 0   geometry, written once by the host before the runner starts; then the words of the rings
 *     page 1   the runner's report about itself: its state, the call in flight, a crash
 *     rings    sparse: a page takes memory only after it was written
 *
 * Numbers have the byte order of this machine, which is little-endian. Both ends are built together, so there
 * is only one layout version. */
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
constexpr size_t kPair = 128; /* the distance of different writers' words: CPUs fetch lines in pairs */

/* ---- Messages ---- */

/* The operations of the runner. An answer has the operation and the number of its request. */
enum Operation : uint32_t {
  kNew = 1,         /* bytes: the config. Answer: the instance, or the plugin's message */
  kCall = 2,        /* instance, method; `detail`: 1 + the exact size that the result must have, or 0 */
  kBatch = 3,       /* instance, method; bytes: BatchRequest. Answer: BatchResponse */
  kDrop = 4,        /* instance */
  kBind = 5,        /* bytes: a kind ("codec/1"); `detail`: the slot. Answer: the method */
  kMethodCount = 6, /* bytes: a kind. Answer: the count in `detail`, 0 if the plugin does not have the kind */
  kPing = 7,        /* the answer repeats the bytes; the plugin is not called */
  kShutdown = 8,    /* drops all instances; nothing follows the answer */
  /* Messages that the runner sends without a request, with the number 0. */
  kReady = 16,   /* first message: the plugin has passed all gates */
  kRefused = 17, /* first and last message: bytes "ERR_TENON_...\nmessage" */
  kEvent = 18,   /* events ring: of `instance` */
  kLog = 19,     /* events ring: of `instance`; the level in `status` */
};

constexpr uint32_t kMore = 1;      /* flag: further records with the same number continue the message */
constexpr uint32_t kWithdrawn = 2; /* flag: the host no longer wants the request; see RingWriter::AddFlags */
constexpr int32_t kSomething = 0;  /* the method that needs no kBind */
constexpr int32_t kBadTable = -32; /* kBind, kMethodCount: unusable method table; the bytes say why */
constexpr int32_t kBadRequest = -33;  /* the host asked for something that does not exist */
constexpr int32_t kMissingKind = -34; /* kBind: the plugin lacks the kind, or the kind lacks the slot */

/* The detail of a kExhausted: the runner has no memory. It is 0 if the host has none. */
constexpr uint32_t kInRunner = 1;

/* The header of a part of a message. */
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

/* The line before the bytes of each record in a ring. The reader polls the stamp, so a small message costs no
 * more transfers between processors than a single word would. A stamp is the record's position mixed with a
 * secret of the channel. So neither stale memory nor a user's bytes at the polled address can pass for
 * one. */
struct Slot {
  std::atomic<uint64_t> stamp;
  uint64_t reserved;
  Record record;
};
static_assert(sizeof(Slot) == kLine, "the bytes after a slot begin a line");

/* Followed by count + 1 offsets (int32, not decreasing, the first may be above 0), padding to 16 bytes, then
 * the data, which begins at the first offset. */
struct BatchRequest {
  uint32_t count;
  uint32_t reserved;
};
/* Followed by count + 1 offsets (int32, from 0), count statuses (int32), padding to 16 bytes, then the data.
 * If the batch ended early, the record's status says why. */
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

constexpr uint64_t kNowhere = ~uint64_t{0}; /* not a position: those are multiples of a line */

struct RingPlace {
  uint64_t offset;
  uint64_t size; /* a power of two */
};

/* The words of a ring. Only one side writes each pair of lines, except that the other side clears the mark
 * of a sleeper. */
struct RingWords {
  /* writer: at this position the reader continues at the start of the ring */
  alignas(kPair) std::atomic<uint64_t> skip;
  alignas(kPair) std::atomic<uint64_t> tail; /* reader: the number of bytes consumed; never decreases */
  alignas(kPair) std::atomic<uint32_t> reader_sleeps; /* reader: sleeps here until there is a record */
  std::atomic<uint32_t> reader_armed;                 /* reader: requests a wake-up for the next record */
  alignas(kPair) std::atomic<uint32_t> writer_sleeps; /* writer: sleeps here until there is room */
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
/* The exit code of a runner that has lost its channel. Over a pipe it has no other way to report this. */
constexpr int kExitCut = 86;

/* Atomic access to words of structs that are also copied as a whole. */
inline void StoreWord(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
inline uint32_t LoadWord(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* The stage that the runner has reached, so that a crash can be attributed. */
enum class Stage : uint32_t {
  kIdle = 0,
  kStart = 1,   /* no code of the plugin has run */
  kOpen = 2,    /* constructors of the library */
  kVersion = 3, /* get_version */
  kName = 4,    /* get_name */
  kVtable = 5,  /* get_plugin */
  kInNew = 6,   /* from here on: slots of the vtable or of a kind */
  kInCall = 7,
  kInDrop = 8,
  kInExtension = 9,
};

struct Breadcrumb {
  alignas(kLine) uint32_t stage; /* a Stage; written last, read first */
  uint32_t operation;
  uint64_t number; /* of the request, of any operation */
  uint32_t instance;
  int32_t method;
  uint32_t message; /* in a batch: the index of the message */
  uint32_t reserved;
  uint64_t input_offset; /* in the memfd; 0 if the input is not in the ring */
  uint64_t input_size;
  uint64_t calls; /* number of kCall and kBatch requests that this process was sent, including this one */
};

struct CrashRecord {
  alignas(kLine) uint32_t written; /* 1 if the rest is complete */
  int32_t signal;
  int32_t code; /* si_code */
  uint32_t thread;
  uint32_t main_thread; /* 1: the thread that calls the plugin */
  uint32_t frame_count;
  uint32_t scanned; /* 1: frames are stack words that look like return addresses, not a walked chain */
  uint32_t reserved;
  uint64_t address; /* the address that could not be accessed */
  uint64_t pc;
  uint64_t sp;
  uint64_t base; /* load address of the plugin's library: subtract it to get an address in the file */
  uint64_t frames[kMaxFrames];
};

/* Bits of RunnerFacts::active: the requested limits that are in force. */
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
  kSignalScope = 1u << 9,
  kOrphans = 1u << 10,      /* the keeper finds all processes that the plugin started */
  kSharedMemory = 1u << 11, /* the memory limit covers shared memory */
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

/* One side's mapping of the memory. Owns the mapping. */
class ChannelMemory {
 public:
  ChannelMemory() = default;
  ChannelMemory(const ChannelMemory &) = delete;
  ChannelMemory &operator=(const ChannelMemory &) = delete;
  ~ChannelMemory() { Unmap(); }

  /* Host: creates and seals the memfd and maps it. Sizes are rounded up to powers of two. Returns 0 or the
   * errno. `file` is close-on-exec. */
  int Create(const uint64_t (&sizes)[kRingCount], int *file);
  /* Runner: maps the memory that the host created. Returns NULL, or what is wrong with it. */
  const char *Open(int file);
  void Unmap();

  ChannelHeader *header() const { return reinterpret_cast<ChannelHeader *>(base_); }
  uint8_t *ring(RingName name) const { return base_ + places_[name].offset; }
  uint64_t secret() const { return secret_; }
  uint64_t ring_size(RingName name) const { return places_[name].size; }
  uint64_t size() const { return size_; }

  /* Copies for the host, taken while the runner may write. ReadCrash returns false if none was
   * written. */
  void ReadBreadcrumb(Breadcrumb *copy) const;
  bool ReadCrash(CrashRecord *copy) const;
  /* Returns the input of the call in flight, or NULL if the breadcrumb's offset is not within the request
   * ring. */
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
