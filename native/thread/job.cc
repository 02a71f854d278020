#include "thread/job.h"

#include <stdlib.h>

#include <new>

namespace tenon {
namespace {

/* The room for results of most calls, in bytes, so that one thread allocates and frees their memory. */
constexpr size_t kSmallResult = 128;
/* The number of jobs of that size that a pool keeps. */
constexpr size_t kMostKept = 256;

void *JobMemory(size_t room) {
  return operator new(sizeof(Job) + room, std::align_val_t(alignof(Job)), std::nothrow);
}

Job *Begin(void *memory, JobKind kind, size_t room) {
  if (memory == nullptr) return nullptr;
  Job *job = new (memory) Job();
  job->kind = kind;
  job->id = -1;
  job->timeout = kNever;
  job->room = room;
  return job;
}

}  // namespace

size_t Job::ResultRoom() const {
  return input == reinterpret_cast<const uint8_t *>(this + 1) && input_length > kSmallResult ? input_length
                                                                                             : kSmallResult;
}

Job *MakeJob(JobKind kind, size_t room) {
  return Begin(JobMemory(room), kind, room);
}

void FreeJob(Job *job) {
  free(job->block);
  job->~Job();
  operator delete(job, std::align_val_t(alignof(Job)));
}

JobPool::~JobPool() {
  while (free_ != nullptr) {
    Job *job = free_;
    free_ = job->next;
    FreeJob(job);
  }
}

Job *JobPool::Make(JobKind kind, size_t room) {
  if (room > kSmallResult || free_ == nullptr)
    return MakeJob(kind, room < kSmallResult ? kSmallResult : room);
  Job *job = free_;
  free_ = job->next;
  count_--;
  return Begin(job, kind, kSmallResult);
}

void JobPool::Free(Job *job) {
  if (job->room != kSmallResult || count_ == kMostKept) return FreeJob(job);
  free(job->block);
  job->block = nullptr;
  job->next = free_;
  free_ = job;
  count_++;
}

Job *JobPool::MakeCall(const uint8_t *input, size_t length, bool lent) {
  Job *job = Make(JobKind::kCall, lent ? 0 : length);
  if (job == nullptr) return nullptr;
  job->input = length == 0 ? kNothing : lent ? input : job->bytes();
  job->input_length = length;
  if (!lent && length != 0) memcpy(job->bytes(), input, length);
  return job;
}

Job *JobPool::MakeRecord(const uint8_t *input, size_t length, size_t result) {
  size_t start = (length + 15) & ~size_t{15};
  Job *job = Make(JobKind::kRecord, start + result + kGuardSize);
  if (job == nullptr) return nullptr;
  job->input = length == 0 ? kNothing : job->bytes();
  job->input_length = length;
  if (length != 0) memcpy(job->bytes(), input, length);
  job->record = job->bytes() + start;
  job->record_size = result;
  ArmCanary(job->record, result);
  return job;
}

Job *JobPool::MakeMany(const PackedBatch &batch) {
  size_t count = batch.count;
  int32_t start = batch.offsets[0];
  size_t length = static_cast<size_t>(batch.offsets[count] - start);
  size_t numbers = 3 * count + 2;
  Job *job = Make(JobKind::kMany, numbers * sizeof(int32_t) + length);
  if (job == nullptr) return nullptr;
  int32_t *offsets = reinterpret_cast<int32_t *>(job->bytes());
  uint8_t *data = job->bytes() + numbers * sizeof(int32_t);
  for (size_t i = 0; i <= count; i++) offsets[i] = batch.offsets[i] - start;
  if (length != 0) memcpy(data, batch.data + start, length);
  job->batch = PackedBatch{offsets, length == 0 ? kNothing : data, offsets + count + 1,
                           offsets + 2 * count + 2, count};
  return job;
}

void JobList::Append(Job *job) {
  job->next = nullptr;
  (last == nullptr ? first : last->next) = job;
  last = job;
}

Job *JobList::Take() {
  Job *job = first;
  if (job == nullptr) return nullptr;
  first = job->next;
  if (first == nullptr) last = nullptr;
  return job;
}

Job *JobList::Find(int32_t id) const {
  Job *job = first;
  while (job != nullptr && job->id != id) job = job->next;
  return job;
}

void JobList::Remove(const Job *job) {
  Job *before = nullptr;
  for (Job *at = first; at != job; at = at->next) before = at;
  (before == nullptr ? first : before->next) = job->next;
  if (last == job) last = before;
}

}  // namespace tenon
