/* The instances of one Node.js environment in the thread tier. Used on that environment's thread only. A
 * control array that JavaScript shares holds the instance of a call, the request and the outcome.
 * src/tiers/thread/control.ts has the same numbers. */
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

/* Indices of the control array. The first eight are those of ControlIndex. */
enum ThreadControl {
  kThreadCall = 8,       /* in: JavaScript's identifier of the job */
  kThreadMethod = 9,     /* in: the index of the method; out of `bind` */
  kThreadTimeout = 10,   /* in: milliseconds, 0 for none */
  kThreadLimit = 11,     /* in: number of jobs that may wait */
  kThreadCount = 12,     /* out of `completions`: number of rows */
  kThreadRunning = 13,   /* out of `check`: the id of the current job, or -1 */
  kThreadRemaining = 14, /* out of `check`: milliseconds until the job may be overdue, or -1 */
  kThreadRows = 16,      /* out of `completions`: kRowCount rows of kRowSize words */
};
enum ThreadRow {
  kRowCall = 0,
  kRowOutcome = 1,
  kRowDetail = 2,
  kRowLength = 3, /* bytes of output; the outputs are consecutive in the results' memory */
  kRowTake = 4,   /* 1: the output is not there; `take` copies it, row by row */
  kRowProcessed = 5,
  kRowSize = 6
};
constexpr int32_t kRowCount = 256;
constexpr size_t kThreadControlSize = kThreadRows + kRowCount * kRowSize;
constexpr size_t kResultsSize = 64 * 1024;

class ThreadTable {
 public:
  explicit ThreadTable(Environment *environment) : environment_(environment) {}

  /* Creates the shared memory and the wake-up, which calls `settle`. Returns {control, results}, or NULL if
   * Node-API fails. */
  napi_value Open(napi_env env, napi_value settle);

  /* Starts a thread with its `new` queued. Writes the outcome and the target to the control array. */
  void Create(const PluginFunctions &plugin, double token, const QueueLimits &limits, const Bytes &config,
              uint32_t settings);
  /* Adds a method to the target and writes its index to the control array. */
  void Bind(tenon_method method);
  ExtensionFunction Extension();
  /* Adds a job to the target's queue. If that fails, it sets the outcome and frees the job. A NULL job counts
   * as exhausted memory. */
  void Submit(Job *job);
  /* As Submit, and waits. Returns the job, which the caller then owns, if it is done; NULL otherwise. */
  Job *SubmitAndWait(Job *job);
  /* Returns the method that the control array selects. Returns NULL and sets the outcome if the target is
   * closed or has no such method. */
  tenon_method Method();
  void Cancel();
  void Check();
  void Close(bool is_awaited);
  void SetReferenced(bool referenced);
  /* Closes all instances and waits briefly for those that can end. */
  void Shutdown();

  /* Copies finished jobs to the rows, as many as fit. */
  void Collect();
  /* Copies a job's result to the results' memory, frees the job and returns false. If the result does not
   * fit, keeps the job for `take` and returns true. */
  bool Show(Job *job);
  /* Frees the results' memory for new results. */
  void Rewind() { results_used_ = 0; }
  /* Returns the job whose result `take` copies next, or NULL. */
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
  bool awake_ = false; /* the event loop does not sleep but polls `loop_` */
  std::shared_ptr<Completions> completions_;
  std::vector<Slot> slots_;
  std::vector<int32_t> free_slots_;
  JobList ready_; /* taken from the completions, not yet in rows */
  JobList kept_;  /* in rows, with a result that `take` has not copied yet */
  uint32_t awaited_ = 0;
  bool shut_down_ = false;
};

}  // namespace tenon

#endif
