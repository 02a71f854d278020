/* What an instance's thread is given to do, and what comes of it. */
#ifndef TENON_THREAD_JOB_H
#define TENON_THREAD_JOB_H

#include <atomic>

#include "base/clock.h"
#include "plugin/call.h"

namespace tenon {

/* Bytes of output that fit into a plugin thread's first memory. */
constexpr size_t kThreadScratch = 16 * 1024;

enum class JobKind : uint8_t { kNew, kCall, kMany, kRecord, kDrop };

/* One job. All memory that a plugin sees while it works is the job's own, because a plugin that does not come
 * back may use it for ever. Owned by whoever holds it: the maker, the queue, the thread, the completions.
 *
 * A call that nothing is special about moves the first 64 bytes between two threads and back, and its input
 * and output, but not what follows in between: each line of a cache that moves takes a tenth of the whole
 * time. */
struct alignas(64) Job {
  Job *next;
  tenon_method method;
  union {
    const uint8_t *input;
    const Job
        *earlier; /* once it is done: one that was done kAhead before it. Perhaps gone, not to be read */
  };
  size_t input_length;
  const uint8_t *output;
  size_t length;
  int32_t id; /* by which JavaScript knows it; negative: nobody wants to know how it went */
  int32_t outcome;
  int32_t detail;
  JobKind kind;
  bool blocks; /* its caller sleeps until it is done. Guarded by the plugin thread's mutex */
  bool timed;  /* it has a timeout */
  std::atomic<bool> done;

  uint64_t timeout; /* nanoseconds that it may run, or kNever */
  uint64_t started; /* from when on that counts, if it counts */
  PackedBatch batch;
  size_t processed;
  uint8_t *record; /* where the output of a kRecord goes, with a guard behind it */
  size_t record_size;
  uint8_t *block;  /* to be freed with the job: where a large output lies */
  size_t room;     /* bytes that follow in memory */
  int32_t target;  /* the place of its plugin thread in the table */
  bool is_awaited; /* keeps the event loop alive. [the environment's thread] */

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
  /* Room for the result of a kCall behind the job. */
  size_t ResultRoom() const;
};

/* Memory of jobs that are done, for the next ones. Many may be under way at once, more than an allocator
 * keeps at hand. For one thread. */
class JobPool {
 public:
  JobPool() = default;
  ~JobPool();
  JobPool(const JobPool &) = delete;
  JobPool &operator=(const JobPool &) = delete;

  /* A job with `room` bytes of its own, or some more. NULL if there is no memory. */
  Job *Make(JobKind kind, size_t room);
  /* One with a copy of the input; with the very memory instead if it is `lent` until the job is done. */
  Job *MakeCall(const uint8_t *input, size_t length, bool lent);
  /* The same for a record. */
  Job *MakeRecord(const uint8_t *input, size_t length, size_t result);
  /* The same for a batch of which `data` and `offsets` are set. */
  Job *MakeMany(const PackedBatch &batch);
  void Free(Job *job);

 private:
  Job *free_ = nullptr;
  size_t count_ = 0;
};

/* Asks for the lines of the cache that whoever is given the job will read, its bytes among them. */
inline void Prefetch(const Job *job) {
#if defined(__GNUC__)
  __builtin_prefetch(job);
  __builtin_prefetch(job + 1);
#else
  (void)job;
#endif
}

/* [any-thread] */
Job *MakeJob(JobKind kind, size_t room);
void FreeJob(Job *job);

/* So many jobs ahead whoever takes a list of them asks for the memory of the next ones, which another CPU
 * has. */
constexpr uint32_t kAhead = 4;

/* First in, first out. */
struct JobList {
  Job *first = nullptr;
  Job *last = nullptr;

  void Append(Job *job);
  Job *Take();
  /* NULL if it is not here. */
  Job *Find(int32_t id) const;
  /* Takes a job out that is here. */
  void Remove(const Job *job);
};

}  // namespace tenon

#endif
