/* One instance in the thread tier. All functions of the plugin run on its thread, in the order of the
 * requests: `new`, calls, `drop`. Has no dependency on Node.js.
 *
 * A plugin cannot be stopped. A call that exceeds its timeout makes the plugin thread *wedged*: queued jobs
 * are given up, no new ones are accepted, and no caller waits for the thread any more. If the call still
 * returns, the instance is dropped. The thread and the environment share the plugin thread, so that neither
 * has to outlive the other. */
#ifndef TENON_THREAD_PLUGIN_THREAD_H
#define TENON_THREAD_PLUGIN_THREAD_H

#include <condition_variable>
#include <memory>
#include <mutex>

#include "thread/completions.h"
#include "thread/inbox.h"
#include "thread/spin.h"

namespace tenon {

/* The instance's connection to its host. */
struct ThreadHost {
  const tenon_host *host;
  /* Called before `drop`, with `context`, unless the plugin thread was detached. */
  void (*begin_drop)(void *context);
  void *context;
};

class PluginThread {
 public:
  /* Starts the thread. Returns NULL if the system refuses a thread or memory is exhausted. */
  static std::shared_ptr<PluginThread> Start(const PluginFunctions &plugin, const ThreadHost &host,
                                             std::shared_ptr<Completions> completions);
  ~PluginThread();
  PluginThread(const PluginThread &) = delete;
  PluginThread &operator=(const PluginThread &) = delete;

  /* The functions below are for the environment's thread. */

  /* Adds a job to the end of the queue, in which at most `limit` may wait. Returns TENON_OK, or kClosed,
   * kWedged, kFull or kExhausted. In those cases the job still belongs to the caller. */
  int32_t Submit(Job *job, uint32_t limit);
  /* As Submit, and waits until the job is done, for at most `timeout` nanoseconds. On TENON_OK the caller
   * owns the job again, with its outcome. On kTimedOut and kNotBegun the caller does not. */
  int32_t SubmitAndWait(Job *job, uint32_t limit, uint64_t timeout);
  /* Removes a job that has not begun from the queue and frees it. Returns false for the current job and for
   * `drop`. `was_awaited` receives whether the job kept the event loop alive; from here on it does not. */
  bool Cancel(int32_t id, bool *was_awaited);
  /* Makes the plugin thread wedged if its job exceeds its timeout. Returns whether the thread is wedged.
   * `remaining` receives the nanoseconds until the job may be overdue, or kNever. */
  bool CheckTimeout(uint64_t *remaining);
  /* Gives up the queued jobs and queues `drop` as a job with this id and target. */
  void Close(int32_t id, int32_t target, uint64_t timeout, bool is_awaited);
  /* Waits until `drop` has returned, at most until `end`. Does not wait for a wedged thread. */
  void AwaitEnd(uint64_t end);
  /* Ends the use of the connection: from here on `begin_drop` is not called. */
  void Detach();

  bool wedged() const { return wedged_; }
  /* Returns the id of the current job, or -1. */
  int32_t running();

 private:
  PluginThread(const PluginFunctions &plugin, const ThreadHost &host,
               std::shared_ptr<Completions> completions);

  void Run();
  Job *Next();
  void Do(Job *job);
  void Call(Job *job);
  void New(Job *job);
  void Drop();
  void Settle(Job *job, tenon_status status);
  void KeepOutput(Job *job);
  void Done(Job *job);

  int32_t Refusal(uint32_t limit);
  bool Push(Job *job, bool last);
  uint32_t Waiting();

  /* Called with the mutex held: */
  void Fetch();
  Job *TakeNext();
  uint64_t Overdue(const Job *job) const;
  bool IsOverdue(uint64_t now) const;
  void Wedge();
  void GiveUpQueue(int32_t outcome);
  void Answer(Job *job);
  int32_t GiveUp(Job *job, std::unique_lock<std::mutex> *lock);
  uint64_t WaitUntil(uint64_t expires) const;

  /* Used by the plugin thread: */
  const PluginFunctions plugin_;
  void *state_ = nullptr;
  bool made_ = false;
  Condition condition_ = Condition::kLive;
  Output output_;
  uint8_t *scratch_;
  Patience patience_;
  uint64_t idle_since_ = 0; /* kNever: since before the last look at the clock */
  const Job *lately_[kAhead] = {};
  uint32_t done_ = 0;

  const std::shared_ptr<Completions> completions_;

  /* Used by the environment's thread: */
  alignas(64) Patience caller_patience_;
  Job *drop_;                          /* until Close */
  uint64_t shortest_timeout_ = kNever; /* of all jobs ever submitted */
  uint32_t submitted_ = 0;             /* number of jobs, without those taken back */
  uint32_t seen_started_ = 0;
  bool closing_ = false, wedged_ = false;

  /* Members that both threads access for every job, lock-free. They are on separate cache lines, so that
   * neither thread waits for the other's cache. */
  alignas(64) Inbox inbox_; /* precedes the queue */
  alignas(64) std::atomic<bool> asleep_{false};
  alignas(64) std::atomic<uint32_t> started_{0};

  alignas(64) std::mutex mutex_;
  std::condition_variable work_, answer_;
  ThreadHost host_;
  JobList queue_;
  Job *running_ = nullptr;
  bool detached_ = false, ended_ = false;
};

}  // namespace tenon

#endif
