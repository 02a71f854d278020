/* One instance on a thread of its own. Everything of the plugin's runs on that thread, in the order in which
 * it was asked for: `new`, calls, `drop`. Knows no Node.js.
 *
 * A plugin cannot be stopped. A call that runs longer than its timeout makes the plugin thread *wedged*:
 * what waits is given up, nothing new is taken, and nobody waits for the thread any more. If the call comes
 * back after all, the instance is still dropped. The thread and the environment share the plugin thread, so
 * that neither has to outlive the other. */
#ifndef TENON_THREAD_PLUGIN_THREAD_H
#define TENON_THREAD_PLUGIN_THREAD_H

#include <condition_variable>
#include <memory>
#include <mutex>

#include "thread/completions.h"
#include "thread/inbox.h"
#include "thread/spin.h"

namespace tenon {

/* What a plugin thread knows about the instance's connection to its host. */
struct ThreadHost {
  const tenon_host *host;
  /* Called before `drop`, with `context`, unless the plugin thread was detached. */
  void (*begin_drop)(void *context);
  void *context;
};

class PluginThread {
 public:
  /* Starts the thread. NULL if the system has none, or no memory. */
  static std::shared_ptr<PluginThread> Start(const PluginFunctions &plugin, const ThreadHost &host,
                                             std::shared_ptr<Completions> completions);
  ~PluginThread();
  PluginThread(const PluginThread &) = delete;
  PluginThread &operator=(const PluginThread &) = delete;

  /* All that follow are for the environment's thread. */

  /* Puts a job at the end of the queue, in which at most `limit` may wait. TENON_OK, or kClosed, kWedged,
   * kFull: then the job is still the caller's. */
  int32_t Submit(Job *job, uint32_t limit);
  /* The same, and waits until it is done, for at most `timeout` nanoseconds. TENON_OK: the caller has the job
   * back, with its outcome. kTimedOut, kNotBegun: the job is gone. */
  int32_t SubmitAndWait(Job *job, uint32_t limit, uint64_t timeout);
  /* Takes a job that has not begun out of the queue and frees it. What runs, and `drop`, stays: false. Tells
   * whether it kept the event loop alive, which it does no longer. */
  bool Cancel(int32_t id, bool *was_awaited);
  /* Wedges the plugin thread if its job runs for too long. `remaining` is the time until that may be so,
   * kNever if it will not. */
  bool CheckTimeout(uint64_t *remaining);
  /* Gives up what waits and has `drop` run, as a job with that id and place in the table. */
  void Close(int32_t id, int32_t target, uint64_t timeout, bool is_awaited);
  /* Waits until `drop` has returned, at most until `end`; not at all if it is wedged. */
  void AwaitEnd(uint64_t end);
  /* From here on `begin_drop` is not called. */
  void Detach();

  bool wedged() const { return wedged_; }
  /* The job that runs, or -1. */
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

  /* With the mutex held: */
  void Fetch();
  Job *TakeNext();
  uint64_t Overdue(const Job *job) const;
  bool IsOverdue(uint64_t now) const;
  void Wedge();
  void GiveUpQueue(int32_t outcome);
  void Answer(Job *job);
  int32_t GiveUp(Job *job, std::unique_lock<std::mutex> *lock);
  uint64_t WaitUntil(uint64_t expires) const;

  /* The thread's own: */
  const PluginFunctions plugin_;
  void *state_ = nullptr;
  bool made_ = false;
  Condition condition_ = Condition::kLive;
  Output output_;
  uint8_t *scratch_;
  Patience patience_;
  uint64_t idle_since_ = 0; /* kNever: from before the clock was looked at */
  const Job *lately_[kAhead] = {};
  uint32_t done_ = 0;

  const std::shared_ptr<Completions> completions_;

  /* The environment's thread's own: */
  alignas(64) Patience caller_patience_;
  Job *drop_;                          /* until it is closed */
  uint64_t shortest_timeout_ = kNever; /* of all jobs there ever were */
  uint32_t submitted_ = 0;             /* jobs, without those that were taken back */
  uint32_t seen_started_ = 0;
  bool closing_ = false, wedged_ = false;

  /* Where the two threads meet for every job, without locks. Apart, so that neither waits for the other's
   * cache. */
  alignas(64) Inbox inbox_; /* in front of the queue */
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
