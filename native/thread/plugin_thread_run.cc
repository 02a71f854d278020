/* The functions of a plugin thread that run on that thread. */
#include <stdlib.h>

#include <new>
#include <system_error>
#include <thread>

#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#endif

#include "plugin/process_settings.h"
#include "thread/plugin_thread.h"

namespace tenon {
namespace {

/* The largest result that is copied out of the output's block, in bytes. The block stays for the next
 * call. */
constexpr size_t kCopiedResult = 64 * 1024;

/* Blocks signals while a thread is created, because a new thread inherits the signal mask. Signals are for
 * Node's own threads, except those that report an error of the thread itself. */
class WithoutSignals {
 public:
#if defined(_WIN32)
  WithoutSignals() = default;
#else
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
      sigdelset(&all, signal);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~WithoutSignals() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_;
#endif
};

}  // namespace

std::shared_ptr<PluginThread> PluginThread::Start(const PluginFunctions &plugin, const ThreadHost &host,
                                                  std::shared_ptr<Completions> completions) {
  try {
    std::shared_ptr<PluginThread> thread(new PluginThread(plugin, host, std::move(completions)));
    if (thread->scratch_ == nullptr || !thread->inbox_.made() || thread->drop_ == nullptr) return nullptr;
    [[maybe_unused]] WithoutSignals masked; /* empty where there are no signals */
    std::thread([thread] { thread->Run(); }).detach();
    return thread;
  } catch (const std::system_error &) {
    return nullptr;
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void PluginThread::Run() {
  for (;;) {
    Job *job = Next();
    bool last = job->kind == JobKind::kDrop;
    Do(job);
    Done(job);
    if (last) return;
  }
}

/* Returns the next job. Every plugin thread is eventually closed, so until then there is always one more. */
Job *PluginThread::Next() {
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
    if (Job *job = TakeNext()) return job;
  }
  idle_since_ = 0;
  patience_.Spin([this] { return inbox_.Any(); });
  std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
  Job *job;
  while ((job = TakeNext()) == nullptr) {
    asleep_.store(true, std::memory_order_relaxed);
    FenceOfOne();
    if (!inbox_.Any()) work_.wait(lock);
    asleep_.store(false, std::memory_order_relaxed);
  }
  lock.unlock();
  return job;
}

Job *PluginThread::TakeNext() {
  Job *job = queue_.Take();
  if (job == nullptr) job = inbox_.Take();
  if (job == nullptr) return nullptr;
  started_.store(started_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  running_ = job;
  /* The timeout counts from the submission, no matter how long this thread took to wake up, or from the end
   * of the previous jobs. */
  if (job->timed) {
    uint64_t since = idle_since_ == kNever ? Now() : idle_since_;
    if (job->started < since) job->started = since;
  }
  return job;
}

void PluginThread::Done(Job *job) {
  idle_since_ = job->timed ? Now() : kNever;
  std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
  running_ = nullptr;
  if (job->kind == JobKind::kDrop) {
    ended_ = true;
    answer_.notify_all();
  }
  if (job->blocks || job->id < 0) return Answer(job);
  lock.unlock();
  job->earlier = lately_[done_ % kAhead];
  lately_[done_++ % kAhead] = job;
  completions_->Put(job);
}

void PluginThread::Do(Job *job) {
  switch (job->kind) {
    case JobKind::kNew:
      return New(job);
    case JobKind::kDrop:
      return Drop();
    default:
      break;
  }
  if (condition_ == Condition::kLive) return Call(job);
  job->outcome = static_cast<int32_t>(condition_);
}

void PluginThread::New(Job *job) {
  ProcessSettings settings(static_cast<uint32_t>(job->processed));
  tenon_out *error = output_.Begin(scratch_, kThreadScratch);
  tenon_status status = plugin_.make(host_.host, job->input, job->input_length, &state_, error);
  SettingChanges changes = settings.RestoreOwn(reinterpret_cast<const void *>(plugin_.make));
  /* If `new` succeeded but violated the contract, there is an instance to drop. */
  made_ = status == TENON_OK;
  Settle(job, status);
  job->processed = changes.settings;
  if (job->outcome == TENON_OK) job->detail = static_cast<int32_t>(changes.signals);
}

void PluginThread::Drop() {
  {
    std::unique_lock<std::mutex> lock = LockBriefly(mutex_);
    if (!detached_) host_.begin_drop(host_.context);
  }
  if (made_) plugin_.drop(state_);
}

void PluginThread::Call(Job *job) {
  if (job->kind == JobKind::kMany) {
    BatchEnd end = CallEach(&output_, &condition_, job->method, state_, job->batch);
    job->outcome = end.outcome;
    job->detail = end.detail;
    job->processed = end.processed;
    job->length = end.length;
    if (end.length != 0) KeepOutput(job);
    return;
  }
  bool is_record = job->kind == JobKind::kRecord;
  tenon_out *out =
      is_record ? output_.Begin(job->record, job->record_size) : output_.Begin(scratch_, kThreadScratch);
  Settle(job, job->method(state_, job->input, job->input_length, out));
  if (!is_record || job->outcome != TENON_OK) return;
  if (job->length == job->record_size && job->output == job->record) return;
  job->outcome = kBadRecord;
  job->detail = static_cast<int32_t>(job->length);
  condition_ = Condition::kDisabled;
}

void PluginThread::Settle(Job *job, tenon_status status) {
  int32_t outcome = output_.End(status);
  if (outcome != TENON_OK) outcome = Judge(output_, outcome, &condition_);
  job->outcome = outcome;
  job->detail = status;
  if (outcome < TENON_OK) return;
  job->length = output_.length();
  KeepOutput(job);
}

/* Moves the output of `length` bytes to memory that lives until the environment has taken the result. */
void PluginThread::KeepOutput(Job *job) {
  bool in_block = job->kind == JobKind::kMany || output_.grown();
  if (!in_block && job->kind == JobKind::kRecord) {
    job->output = job->record;
    return;
  }
  if (in_block && job->length > kCopiedResult) {
    job->output = job->block = output_.ReleaseBlock();
    return;
  }
  const uint8_t *from = in_block ? output_.block() : output_.data();
  uint8_t *to = job->bytes();
  if (job->kind != JobKind::kCall || job->length > job->ResultRoom()) {
    to = job->block = static_cast<uint8_t *>(malloc(job->length + 1));
    if (to == nullptr) {
      job->outcome = kExhausted;
      job->length = 0;
      return;
    }
  }
  memcpy(to, from, job->length);
  job->output = to;
  output_.Trim();
}

}  // namespace tenon
