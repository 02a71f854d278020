/* Jobs on their way from the environment's thread to an instance's, in order, without locks and without
 * limit. To put one in is a store that nobody waits for: at full speed the other thread looks here all the
 * time, and an exchange would have to get the line of the cache back from it for every job. */
#ifndef TENON_THREAD_INBOX_H
#define TENON_THREAD_INBOX_H

#include <atomic>

#include "thread/job.h"

namespace tenon {

/* For one thread that puts in, and one at a time that takes out. */
class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox &) = delete;
  Inbox &operator=(const Inbox &) = delete;

  /* False: there was no memory to make it. */
  bool made() const { return first_ != nullptr && reserve_ != nullptr; }

  /* False if there is no memory. For the `last` one, once, there always is. */
  bool Put(Job *job, bool last);

  /* [any-thread] */
  bool Any() const { return put_.load(std::memory_order_acquire) != taken_.load(std::memory_order_relaxed); }
  /* The oldest. NULL if there is none. */
  Job *Take();

 private:
  static constexpr uint32_t kPlaces = 63;
  struct Chunk {
    Job *places[kPlaces];
    Chunk *next;
  };
  static Chunk *MakeChunk();

  /* Who puts in: */
  Chunk *last_;
  uint32_t end_ = 0;
  uint32_t count_ = 0; /* put_, whose line of the cache the other thread has */
  Chunk *reserve_;
  /* Both, which are the same count but for what is in between, and wrap around. */
  alignas(64) std::atomic<uint32_t> put_{0};
  alignas(64) std::atomic<uint32_t> taken_{0};
  /* Who takes out: */
  Chunk *first_;
  uint32_t begin_ = 0;
  std::atomic<Chunk *> spare_{nullptr}; /* on its way back */
};

}  // namespace tenon

#endif
