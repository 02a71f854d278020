/* What an instance's thread is given to do, and what comes of it. */
#ifndef TENON_NATIVE_WORKER_JOB_H
#define TENON_NATIVE_WORKER_JOB_H

#include <atomic>

#include "bell.h"
#include "plugin_call.h"

namespace tenon {

/* Bytes of output that fit into a worker's first memory. */
constexpr size_t kWorkerScratch = 16 * 1024;

enum class JobKind : uint8_t { kNew, kCall, kMany, kRecord, kDrop };

/* One job. All memory that a plugin sees while it works is the job's own, because a plugin that does not come
 * back may use it for ever. Owned by whoever holds it: the maker, the queue, the thread, the completions. */
struct Job {
  Job *next;
  int32_t id;     /* by which JavaScript knows it; negative: nobody wants to know how it went */
  int32_t target; /* the place of its worker in the table */
  JobKind kind;
  bool is_awaited; /* keeps the event loop alive. [the environment's thread] */
  bool blocks;     /* its caller sleeps until it is done. Guarded by the worker's mutex */
  std::atomic<bool> done;

  uint64_t deadline; /* nanoseconds that it may run, or kNever */
  uint64_t started;  /* from when on that counts, if it counts */

  tenon_method method;
  const uint8_t *input;
  size_t input_length;
  PackedBatch batch;
  uint8_t *record; /* where the output of a kRecord goes, with a guard behind it */
  size_t record_size;

  int32_t outcome;
  int32_t detail;
  size_t processed;
  const uint8_t *output;
  size_t length;
  uint8_t *block; /* to be freed with the job: where a large output lies */
  size_t room;    /* bytes that follow in memory */

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
};

/* A job with `room` bytes of its own, or some more. NULL if there is no memory. */
Job *MakeJob(JobKind kind, size_t room);
/* One with a copy of the input; with the very memory instead if it is `lent` until the job is done. */
Job *MakeCall(const uint8_t *input, size_t length, bool lent);
/* The same for a record. */
Job *MakeRecord(const uint8_t *input, size_t length, size_t result);
/* The same for a batch of which `data` and `offsets` are set. */
Job *MakeMany(const PackedBatch &batch);
void FreeJob(Job *job);

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
