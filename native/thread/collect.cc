/* The delivery of finished jobs to JavaScript, and the wait of the event loop for them. */
#include "thread/table.h"

namespace tenon {

void ThreadTable::Awaited() {
  if (awaited_++ > 0) return;
  napi_ref_threadsafe_function(env_, wake_);
  loop_->Start();
}

/* Records that one job less is awaited. If the next one is awaited before the loop would sleep, nothing is
 * stopped and started, so consecutive calls do not pay for that. */
void ThreadTable::NoLongerAwaited() {
  if (--awaited_ == 0) napi_unref_threadsafe_function(env_, wake_);
}

bool ThreadTable::BeforeSleep(void *table) {
  ThreadTable *self = static_cast<ThreadTable *>(table);
  self->awake_ = self->WaitAwake() && self->awaited_ > 0;
  if (self->awake_) return true;
  if (self->awaited_ == 0) self->loop_->Stop();
  /* Jobs that are already finished wake the loop up as if it had slept. */
  if (!self->completions_->Sleep() && self->completions_->Any()) {
    napi_call_threadsafe_function(self->wake_, nullptr, napi_tsfn_nonblocking);
  }
  return false;
}

/* Spins for a moment for finished jobs and delivers them. Returns whether there were some. */
bool ThreadTable::WaitAwake() {
  if (awaited_ == 0) return false;
  if (ready_.first == nullptr) {
    awake_ = true;
    ready_ = completions_->Take();
  }
  patience_.Spin([this] { return ready_.first != nullptr || completions_->Any(); });
  if (ready_.first == nullptr && !completions_->Any()) return false;
  loop_->CallBack(settle_);
  return true;
}

void ThreadTable::Collect() {
  results_used_ = 0;
  control[kThreadCount] = 0;
  while (control[kThreadCount] < kRowCount) {
    if (ready_.first == nullptr && (!awake_ || completions_->Any())) ready_ = completions_->Take();
    Job *job = ready_.Take();
    if (job == nullptr) {
      if (awake_ || completions_->Sleep()) return;
      continue;
    }
    if (job->is_awaited) NoLongerAwaited();
    if (job->kind == JobKind::kDrop) EndSlot(job->target);
    int32_t *row = control + kThreadRows + control[kThreadCount]++ * kRowSize;
    row[kRowCall] = job->id;
    row[kRowOutcome] = job->outcome;
    row[kRowDetail] = job->detail;
    row[kRowLength] = static_cast<int32_t>(job->length);
    row[kRowProcessed] = static_cast<int32_t>(job->processed);
    row[kRowTake] = Show(job);
  }
}

bool ThreadTable::Show(Job *job) {
  if (job->kind == JobKind::kMany || job->length > kResultsSize - results_used_) {
    kept_.Append(job);
    return true;
  }
  if (job->length != 0) memcpy(results_ + results_used_, job->output, job->length);
  results_used_ += job->length;
  jobs.Free(job);
  return false;
}

void ThreadTable::Taken() {
  if (Job *job = kept_.Take()) jobs.Free(job);
}

}  // namespace tenon
