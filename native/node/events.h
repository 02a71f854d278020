/* What plugins tell their host outside of calls: `log` and `emit`, from any thread, to JavaScript.
 *
 * Each open instance has a Mailbox, a bounded queue. Mailboxes are never freed, only used again, so a late
 * caller always finds a mutex to lock; the `ctx` of its host struct is a number that names the mailbox and
 * its generation, and a number of an earlier generation is answered with TENON_CLOSED. Each Node environment
 * has one Delivery: the list of mailboxes with something in them and the one wake-up of the event loop. Locks
 * nest in the order Mailbox, Delivery; no lock is held while JavaScript or a plugin runs. */
#ifndef TENON_NODE_EVENTS_H
#define TENON_NODE_EVENTS_H

#include <node_api.h>

#include <mutex>

#include "tenon.h"

namespace tenon {

enum class EntryKind : int32_t { kEvent = 0, kLog = 1 };

/* A message on its way; its bytes follow it in memory. */
struct Entry {
  Entry *next;
  double token;
  EntryKind kind;
  int32_t level;
  size_t length;

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
};

/* First in, first out. Owns its entries. */
struct EntryList {
  Entry *first = nullptr;
  Entry *last = nullptr;

  void Append(Entry *entry);
  Entry *Take();
  void Clear();
};

/* Bounds on what may wait in one mailbox. */
struct QueueLimits {
  uint32_t messages;
  size_t bytes;
};

class Delivery;

struct Mailbox {
  std::mutex mutex;
  uint64_t id; /* generation and index, what the host's `ctx` says while this generation is open */
  Mailbox *next_free;
  tenon_host *host;
  Delivery *delivery; /* NULL while closed */
  bool closing;       /* events are refused, log entries are still taken */
  double token;       /* by which JavaScript knows the instance */
  QueueLimits limits;
  EntryList entries;
  uint32_t waiting;
  size_t bytes;
  uint64_t dropped;         /* log entries since the last report of dropped ones */
  bool listed;              /* in the Delivery's list, or in the hands of Drain, which puts it back */
  Mailbox *previous, *next; /* in that list, guarded by the Delivery's mutex */
};

class Delivery {
 public:
  /* `dispatch` will be called as dispatch(token, kind, level, Buffer | string), and defer() when Drain has to
   * go on after a turn of the event loop. False if Node-API refuses. */
  bool Start(napi_env env, napi_value dispatch, napi_value defer);
  /* No thread reaches JavaScript after this. [the environment's thread] */
  void Stop();
  /* Whether the event loop is kept alive. */
  void SetReferenced(bool referenced);
  /* Delivers what waits, for as long as the event loop may be kept. */
  void Drain();
  /* Delivers the log entries that closed mailboxes left behind. */
  void FlushOrphans();

  Mailbox *Open(double token, const QueueLimits &limits);
  /* From here on `emit` returns TENON_CLOSED. */
  void BeginClose(Mailbox *mailbox);
  /* From here on `log` does nothing. Undelivered events are discarded, undelivered log entries become
   * orphans. */
  void EndClose(Mailbox *mailbox);

  /* Called by the producers with the mailbox locked. */
  void List(Mailbox *mailbox);

 private:
  static void OnWake(napi_env env, napi_value callback, void *context, void *data);
  Entry *TakeNext();
  void Unlist(Mailbox *mailbox);
  void WakeLocked();
  /* Both: false once JavaScript cannot be called any more. */
  bool Dispatch(Entry *entry);
  bool Call(napi_ref function, size_t count, const napi_value *arguments);

  napi_env env_ = nullptr;
  napi_ref dispatch_ = nullptr, defer_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  EntryList orphans_;

  std::mutex mutex_;
  bool running_ = false;
  bool awake_ = false; /* a wake-up is under way */
  Mailbox *first_ = nullptr;
  Mailbox *last_ = nullptr;
};

/* Fills the functions of all host structs in. Once per process, before the first Open. */
void InstallHostFunctions();

}  // namespace tenon

#endif
