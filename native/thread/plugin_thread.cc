#include "thread/plugin_thread.h"

#include <stdlib.h>

#include <chrono>
#include <new>
#include <system_error>
#include <thread>

namespace tenon {
namespace {

std::chrono::steady_clock::time_point TimePoint(uint64_t nanoseconds) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(nanoseconds));
}

constexpr uint64_t kSlack = 1000000;

}  // namespace

PluginThread::PluginThread(const PluginFunctions &plugin, const ThreadHost &host,
                           std::shared_ptr<Completions> completions)
    : plugin_(plugin),
      scratch_(static_cast<uint8_t *>(malloc(kThreadScratch + kGuardSize))),
      completions_(std::move(completions)),
      drop_(MakeJob(JobKind::kDrop, 0)),
      host_(host) {
  if (scratch_ != nullptr) ArmCanary(scratch_, kThreadScratch);
}

PluginThread::~PluginThread() {
  while (Job *job = queue_.Take()) FreeJob(job);
  if (drop_ != nullptr) FreeJob(drop_);
  free(scratch_);
}

/* Returns an upper bound of the number of queued jobs. The exact count would require reading what the other
 * thread writes, which is not free. */
uint32_t PluginThread::Waiting() {
  return submitted_ - seen_started_;
}

int32_t PluginThread::Refusal(uint32_t limit) {
  if (closing_) return kClosed;
  if (wedged_) return kWedged;
  if (Waiting() < limit) return TENON_OK;
  seen_started_ = started_.load(std::memory_order_relaxed);
  return Waiting() < limit ? static_cast<int32_t>(TENON_OK) : kFull;
}

int32_t PluginThread::Submit(Job *job, uint32_t limit) {
  int32_t refusal = Refusal(limit);
  if (refusal != TENON_OK) return refusal;
  return Push(job, false) ? static_cast<int32_t>(TENON_OK) : kExhausted;
}

bool PluginThread::Push(Job *job, bool last) {
  job->timed = job->timeout != kNever;
  if (job->timed) job->started = Now();
  if (job->timeout < shortest_timeout_) shortest_timeout_ = job->timeout;
  if (!inbox_.Put(job, last)) return false;
  submitted_++;
  /* The thread announces that it sleeps and then reads the inbox. This thread writes the inbox and then reads
   * the announcement. So at least one of them sees the other. */
  FenceOfMany();
  if (!asleep_.load(std::memory_order_relaxed)) return true;
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_); /* by now it sleeps or is awake again */
    asleep_.store(false, std::memory_order_relaxed);
  }
  work_.notify_one();
  return true;
}

/* Moves the jobs of the inbox to the end of the queue. */
void PluginThread::Fetch() {
  while (Job *job = inbox_.Take()) queue_.Append(job);
}

int32_t PluginThread::SubmitAndWait(Job *job, uint32_t limit, uint64_t timeout) {
  uint64_t expires = After(Now(), timeout);
  job->blocks = true;
  int32_t refusal = Submit(job, limit);
  if (refusal != TENON_OK) return refusal;
  caller_patience_.Spin([job] { return job->done.load(std::memory_order_acquire); });
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
    while (!job->done.load(std::memory_order_relaxed)) {
      uint64_t now = Now();
      if (IsOverdue(now)) {
        Wedge();
        if (job == running_) return GiveUp(job, &lock);
        continue; /* the job was given up with the queue */
      }
      if (now >= expires) return GiveUp(job, &lock);
      uint64_t until = WaitUntil(expires);
      if (until == kNever) {
        answer_.wait(lock);
      } else {
        answer_.wait_until(lock, TimePoint(until));
      }
    }
  }
  return TENON_OK;
}

/* Returns the time until which the caller may sleep. An earlier job may be or become overdue, and only the
 * caller checks that. */
uint64_t PluginThread::WaitUntil(uint64_t expires) const {
  if (shortest_timeout_ == kNever) return expires;
  uint64_t next = Overdue(running_);
  uint64_t look = After(Now(), shortest_timeout_);
  if (next > look) next = look;
  return next < expires ? next : expires;
}

/* Ends the wait of a caller for its job. */
int32_t PluginThread::GiveUp(Job *job, std::unique_lock<std::mutex> *lock) {
  if (job == running_) {
    job->blocks = false;
    job->id = -1;
    return kTimedOut;
  }
  Fetch();
  queue_.Remove(job);
  submitted_--;
  lock->unlock();
  FreeJob(job);
  return kNotBegun;
}

bool PluginThread::Cancel(int32_t id, bool *was_awaited) {
  Job *job;
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
    Fetch();
    job = queue_.Find(id);
    Job *found = job != nullptr ? job : running_;
    *was_awaited = found != nullptr && found->id == id && found->is_awaited;
    if (*was_awaited) found->is_awaited = false;
    if (job == nullptr || job->kind == JobKind::kDrop) return false;
    queue_.Remove(job);
    submitted_--;
  }
  FreeJob(job);
  return true;
}

/* Returns the time from which a job counts as overdue. That is slightly early, so that a caller that waits
 * for exactly the timeout finds the job overdue. */
uint64_t PluginThread::Overdue(const Job *job) const {
  if (job == nullptr || !job->timed) return kNever;
  return After(job->started, job->timeout) - kSlack;
}

bool PluginThread::IsOverdue(uint64_t now) const {
  return !wedged_ && now >= Overdue(running_);
}

bool PluginThread::CheckTimeout(uint64_t *remaining) {
  std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
  uint64_t now = Now();
  *remaining = kNever;
  if (IsOverdue(now)) Wedge();
  uint64_t overdue = Overdue(running_);
  if (!wedged_ && overdue != kNever) *remaining = overdue - now;
  return wedged_;
}

void PluginThread::Wedge() {
  wedged_ = true;
  GiveUpQueue(kWedged);
}

/* Gives up all queued jobs except `drop`, which must run if that ever becomes possible. */
void PluginThread::GiveUpQueue(int32_t outcome) {
  Fetch();
  JobList all = queue_;
  queue_ = JobList();
  while (Job *job = all.Take()) {
    if (job->kind == JobKind::kDrop) {
      queue_.Append(job);
    } else {
      submitted_--;
      job->outcome = outcome;
      Answer(job);
    }
  }
}

/* Delivers a finished job: to the caller that waits, to the completions, or to nothing. */
void PluginThread::Answer(Job *job) {
  if (job->blocks) {
    job->done.store(true, std::memory_order_release);
    answer_.notify_all();
  } else if (job->id < 0 && job->kind != JobKind::kDrop) {
    FreeJob(job);
  } else {
    completions_->Put(job);
  }
}

void PluginThread::Close(int32_t id, int32_t target, uint64_t timeout, bool is_awaited) {
  if (closing_) return;
  closing_ = true;
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
    GiveUpQueue(kClosed);
  }
  drop_->id = id;
  drop_->target = target;
  drop_->timeout = timeout;
  drop_->is_awaited = is_awaited;
  Push(drop_, true);
  drop_ = nullptr;
}

void PluginThread::AwaitEnd(uint64_t end) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ended_ && !wedged_) {
    if (IsOverdue(Now())) return Wedge();
    if (answer_.wait_until(lock, TimePoint(end)) == std::cv_status::timeout) return;
  }
}

void PluginThread::Detach() {
  std::lock_guard<std::mutex> lock(mutex_);
  detached_ = true;
}

int32_t PluginThread::running() {
  std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
  return running_ == nullptr ? -1 : running_->id;
}

}  // namespace tenon
