/* A queue of jobs from the environment's thread to an instance's thread, in order, lock-free and unbounded.
 * Adding a job is a store that does not wait: at full speed the other thread polls the queue all the time,
 * and an exchange would have to fetch the cache line back from it for every job. */
#ifndef TENON_THREAD_INBOX_H
#define TENON_THREAD_INBOX_H

#include <atomic>

#include "thread/job.h"

namespace tenon {

/* A queue for one thread that adds jobs and one thread at a time that takes them. */
class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox &) = delete;
  Inbox &operator=(const Inbox &) = delete;

  /* Whether the constructor had enough memory. */
  bool made() const { return first_ != nullptr && reserve_ != nullptr; }

  /* Adds a job. Returns false if memory is exhausted. For the `last` job, once, memory is reserved. */
  bool Put(Job *job, bool last);

  /* Whether the queue has jobs. [any-thread] */
  bool Any() const { return put_.load(std::memory_order_acquire) != taken_.load(std::memory_order_relaxed); }
  /* Takes the oldest job, or returns NULL. */
  Job *Take();

 private:
  static constexpr uint32_t kPlaces = 63;
  struct Chunk {
    Job *places[kPlaces];
    Chunk *next;
  };
  static Chunk *MakeChunk();

  /* Used by the thread that adds jobs: */
  Chunk *last_;
  uint32_t end_ = 0;
  uint32_t count_ = 0; /* copy of put_, whose cache line the other thread holds */
  Chunk *reserve_;
  /* Counts of jobs added and taken. Both wrap around; their difference is the number of queued jobs. */
  alignas(64) std::atomic<uint32_t> put_{0};
  alignas(64) std::atomic<uint32_t> taken_{0};
  /* Used by the thread that takes jobs: */
  Chunk *first_;
  uint32_t begin_ = 0;
  std::atomic<Chunk *> spare_{nullptr}; /* an empty chunk, returned for reuse */
};

}  // namespace tenon

#endif
