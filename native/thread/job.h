/* The jobs of an instance's thread, with their results. */
#ifndef TENON_THREAD_JOB_H
#define TENON_THREAD_JOB_H

#include <atomic>

#include "base/clock.h"
#include "plugin/call.h"

namespace tenon {

/* Bytes of output that fit into the first memory of a plugin thread. */
constexpr size_t kThreadScratch = 16 * 1024;

enum class JobKind : uint8_t { kNew, kCall, kMany, kRecord, kDrop };

/* One job. All memory that a plugin sees during a call belongs to the job, because a plugin that does not
 * return may use it forever. A job is owned by its current holder: the maker, the queue, the thread, or the
 * completions.
 *
 * An ordinary call moves only the first 64 bytes, its input and its output between the two threads and back.
 * It does not move the members after those. Each cache line that moves takes a tenth of the whole time. */
struct alignas(64) Job {
  Job *next;
  tenon_method method;
  union {
    const uint8_t *input;
    /* Of a finished job: the job finished kAhead before it. Only prefetched: it may already be freed. */
    const Job *earlier;
  };
  size_t input_length;
  const uint8_t *output;
  size_t length;
  int32_t id; /* JavaScript's identifier of the job; negative: the outcome is not wanted */
  int32_t outcome;
  int32_t detail;
  JobKind kind;
  bool blocks; /* the caller sleeps until the job is done. Guarded by the plugin thread's mutex */
  bool timed;  /* the job has a timeout */
  std::atomic<bool> done;

  uint64_t timeout; /* nanoseconds that the job may run, or kNever */
  uint64_t started; /* the start of that time, if the job is timed */
  PackedBatch batch;
  size_t processed; /* of a kNew: the settings to watch, then those that have changed */
  uint8_t *record;  /* memory for the output of a kRecord, followed by a guard */
  size_t record_size;
  uint8_t *block;  /* memory of a large output, freed with the job */
  size_t room;     /* bytes that follow the job in memory */
  int32_t target;  /* index of its plugin thread in the table */
  bool is_awaited; /* the job keeps the event loop alive. [the environment's thread] */

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
  /* Returns the room after the job for the result of a kCall, in bytes. */
  size_t ResultRoom() const;
};

/* A pool that reuses the memory of finished jobs. Many jobs may be in flight at once, more than an allocator
 * caches. For one thread. */
class JobPool {
 public:
  JobPool() = default;
  ~JobPool();
  JobPool(const JobPool &) = delete;
  JobPool &operator=(const JobPool &) = delete;

  /* Makes a job with at least `room` bytes of its own. Returns NULL if memory is exhausted. */
  Job *Make(JobKind kind, size_t room);
  /* Makes a kCall with a copy of the input, or with the caller's memory if that is `lent` until the job is
   * done. */
  Job *MakeCall(const uint8_t *input, size_t length, bool lent);
  /* Makes a kRecord with a copy of the input and room for a result of `result` bytes. */
  Job *MakeRecord(const uint8_t *input, size_t length, size_t result);
  /* Makes a kMany with a copy of a batch whose `data` and `offsets` are set. */
  Job *MakeMany(const PackedBatch &batch);
  void Free(Job *job);

 private:
  Job *free_ = nullptr;
  size_t count_ = 0;
};

/* Prefetches the first cache lines of a job, including its bytes, for the thread that will read it. */
inline void Prefetch(const Job *job) {
#if defined(__GNUC__)
  __builtin_prefetch(job);
  __builtin_prefetch(job + 1);
#else
  (void)job;
#endif
}

/* Allocates a job outside of a pool. [any-thread] */
Job *MakeJob(JobKind kind, size_t room);
/* Frees a job. [any-thread] */
void FreeJob(Job *job);

/* The number of jobs by which a reader of a list prefetches ahead, because another CPU holds their memory. */
constexpr uint32_t kAhead = 4;

/* A first-in, first-out queue. */
struct JobList {
  Job *first = nullptr;
  Job *last = nullptr;

  void Append(Job *job);
  Job *Take();
  /* Finds a job by its id. Returns NULL if it is not in the list. */
  Job *Find(int32_t id) const;
  /* Removes a job that is in the list. */
  void Remove(const Job *job);
};

}  // namespace tenon

#endif
