#include "thread/completions.h"

namespace tenon {

Completions::~Completions() {
  Close();
}

void Completions::Open(void (*wake)(void *context), void *context) {
  std::lock_guard<std::mutex> lock(mutex_);
  wake_ = wake;
  context_ = context;
}

void Completions::Close() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    wake_ = nullptr;
  }
  Job *job = newest_.exchange(&closed_, std::memory_order_acq_rel);
  while (job != nullptr && job != &awake_ && job != &closed_) {
    Job *next = job->next;
    FreeJob(job);
    job = next;
  }
}

void Completions::Put(Job *job) {
  Job *before = newest_.load(std::memory_order_relaxed);
  do {
    if (before == &closed_) return FreeJob(job);
    job->next = before;
  } while (!newest_.compare_exchange_weak(before, job, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (before == nullptr) Wake();
}

/* Calls `wake_` under the lock, so that Close does not end the use of `context_` meanwhile. */
void Completions::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (wake_ != nullptr) wake_(context_);
}

bool Completions::Any() const {
  const Job *newest = newest_.load(std::memory_order_relaxed);
  return newest != nullptr && newest != &awake_ && newest != &closed_;
}

JobList Completions::Take() {
  JobList all;
  Job *job = newest_.exchange(&awake_, std::memory_order_acq_rel);
  if (job != nullptr && job != &awake_) all.last = job;
  while (job != nullptr && job != &awake_) {
    Job *next = job->next;
    Prefetch(job->earlier);
    job->next = all.first;
    all.first = job;
    job = next;
  }
  return all;
}

bool Completions::Sleep() {
  Job *expected = &awake_;
  return newest_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
}

}  // namespace tenon
