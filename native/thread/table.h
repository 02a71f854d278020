/* The instances of one Node.js environment that have threads of their own. Used on that environment's thread
 * only. Which instance a function is for, what it is to do, and how it went stands in a control array that
 * JavaScript shares; src/tiers/thread/control.ts has the same numbers. */
#ifndef TENON_THREAD_TABLE_H
#define TENON_THREAD_TABLE_H

#include <node_api.h>

#include <memory>
#include <vector>

#include "node/environment.h"
#include "node/input.h"
#include "node/loop_wait.h"
#include "thread/plugin_thread.h"

namespace tenon {

/* Places in the control array. The first eight are those of ControlIndex. */
enum ThreadControl {
  kThreadCall = 8,       /* in: by which JavaScript knows the job */
  kThreadMethod = 9,     /* in: the place of the method; out of `bind` */
  kThreadTimeout = 10,   /* in: milliseconds, 0 for none */
  kThreadLimit = 11,     /* in: jobs that may wait */
  kThreadCount = 12,     /* out of `completions`: rows */
  kThreadRunning = 13,   /* out of `check`: the job that runs, or -1 */
  kThreadRemaining = 14, /* out of `check`: milliseconds until it may be overdue, or -1 */
  kThreadRows = 16,      /* out of `completions`: kRowCount of kRowSize */
};
enum ThreadRow {
  kRowCall = 0,
  kRowOutcome = 1,
  kRowDetail = 2,
  kRowLength = 3, /* bytes of output; they follow each other in the results' memory */
  kRowTake = 4,   /* 1: they do not, `take` gets them, row by row */
  kRowProcessed = 5,
  kRowSize = 6
};
constexpr int32_t kRowCount = 256;
constexpr size_t kThreadControlSize = kThreadRows + kRowCount * kRowSize;
constexpr size_t kResultsSize = 64 * 1024;

class ThreadTable {
 public:
  explicit ThreadTable(Environment *environment) : environment_(environment) {}

  /* Makes the shared memory, {control, results}, and the wake-up, which calls `settle`. NULL if Node-API
   * refuses. */
  napi_value Open(napi_env env, napi_value settle);

  /* Starts a thread with its `new` queued. Outcome and place in the control array. */
  void Create(const PluginFunctions &plugin, double token, const QueueLimits &limits, const Bytes &config);
  /* Gives a method a place in the table of the target. */
  void Bind(tenon_method method);
  ExtensionFunction Extension();
  /* Puts a job in the target's queue, or tells why not and frees it. NULL counts as out of memory. */
  void Submit(Job *job);
  /* The same, and waits for it. The job, which is the caller's, if it was done; NULL otherwise. */
  Job *SubmitAndWait(Job *job);
  /* The method that the control array names for the target. NULL, with the outcome set, if there is none. */
  tenon_method Method();
  void Cancel();
  void Check();
  void Close(bool is_awaited);
  void SetReferenced(bool referenced);
  /* Closes all instances and waits a little for those that can end. */
  void Shutdown();

  /* Puts what is done into the rows, as much as fits. */
  void Collect();
  /* Copies a job's result into the results' memory and frees it; or keeps it for `take`, true. */
  bool Show(Job *job);
  /* Makes the whole of the results' memory free. */
  void Rewind() { results_used_ = 0; }
  /* The job whose result is to be taken next. NULL if there is none. */
  Job *taking() { return kept_.first; }
  void Taken();

  int32_t *control = nullptr;
  JobPool jobs;

 private:
  struct Slot {
    std::shared_ptr<PluginThread> thread;
    PluginFunctions plugin;
    Mailbox *mailbox;
    int32_t generation;
    bool referenced;
    std::vector<tenon_method> methods;
  };

  static void OnTeardown(void *self);
  static void OnWake(napi_env env, napi_value callback, void *context, void *data);
  static void BeginDrop(void *mailbox);
  static bool BeforeSleep(void *self);
  Slot *Target();
  Slot *FreeSlot();
  void EndSlot(int32_t target);
  void Awaited();
  void NoLongerAwaited();
  bool WaitAwake();

  Environment *environment_;
  napi_env env_ = nullptr;
  uint8_t *results_ = nullptr;
  size_t results_used_ = 0;
  napi_ref settle_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  LoopWait *loop_ = nullptr;
  Patience patience_;
  bool awake_ = false; /* the event loop does not sleep, but asks `loop_` */
  std::shared_ptr<Completions> completions_;
  std::vector<Slot> slots_;
  std::vector<int32_t> free_slots_;
  JobList ready_; /* taken from the completions, not yet in rows */
  JobList kept_;  /* in rows, with a result that is still to be taken */
  uint32_t awaited_ = 0;
  bool shut_down_ = false;
};

}  // namespace tenon

#endif
