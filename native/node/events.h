/* Messages of plugins to their host outside of calls: `log` and `emit`, from any thread, to JavaScript.
 *
 * Each open instance has a Mailbox, a bounded queue. Mailboxes are never freed, only reused, so a late caller
 * always finds a valid mutex. The `ctx` of the host struct is a number that encodes the mailbox and its
 * generation. A number of an earlier generation gets TENON_CLOSED. Each Node.js environment has one Delivery:
 * the list of mailboxes that are not empty, and the one wake-up of the event loop. Locks nest in the order
 * Mailbox, Delivery. No lock is held while JavaScript or a plugin runs. */
#ifndef TENON_NODE_EVENTS_H
#define TENON_NODE_EVENTS_H

#include <node_api.h>

#include <mutex>
#include <string>

#include "tenon.h"

namespace tenon {

enum class EntryKind : int32_t { kEvent = 0, kLog = 1 };

/* A message in a queue. Its bytes follow it in memory. */
struct Entry {
  Entry *next;
  double token;
  EntryKind kind;
  int32_t level;
  size_t length;

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
};

/* A first-in, first-out queue. Owns its entries. */
struct EntryList {
  Entry *first = nullptr;
  Entry *last = nullptr;

  void Append(Entry *entry);
  Entry *Take();
  void Clear();
};

/* The limits of one mailbox, and what its instance's host knows about the plugin. */
struct QueueLimits {
  uint32_t messages;
  size_t bytes;
  const char *origin; /* the path of the plugin's original file, never freed */
};

/* Returns a copy of the string that is never freed. Equal strings share one. [any-thread] */
const char *KeepString(const std::string &text);

class Delivery;

struct Mailbox {
  std::mutex mutex;
  uint64_t id; /* generation and index; the value of the host's `ctx` while this generation is open */
  Mailbox *next_free;
  tenon_host *host;
  Delivery *delivery; /* NULL while closed */
  bool closing;       /* events are refused, log entries are still accepted */
  double token;       /* JavaScript's identifier of the instance */
  QueueLimits limits;
  EntryList entries;
  uint32_t waiting;
  size_t bytes;
  uint64_t dropped;         /* log entries dropped since the last report about that */
  bool listed;              /* in the Delivery's list, or taken out by Drain, which puts it back */
  Mailbox *previous, *next; /* in that list; guarded by the Delivery's mutex */
};

class Delivery {
 public:
  /* Starts the delivery. `dispatch` is called as dispatch(token, kind, level, Buffer | string). defer() is
   * called when Drain has to continue after a turn of the event loop. Returns false if Node-API fails. */
  bool Start(napi_env env, napi_value dispatch, napi_value defer);
  /* Stops the delivery. No thread reaches JavaScript after this. [the environment's thread] */
  void Stop();
  /* Sets whether the delivery keeps the event loop alive. */
  void SetReferenced(bool referenced);
  /* Delivers queued messages, for as long as the event loop may be delayed. */
  void Drain();
  /* Delivers the log entries that closed mailboxes left behind. */
  void FlushOrphans();

  Mailbox *Open(double token, const QueueLimits &limits);
  /* Begins to close: from here on `emit` returns TENON_CLOSED. */
  void BeginClose(Mailbox *mailbox);
  /* Ends the close: from here on `log` does nothing. Undelivered events are discarded. Undelivered log
   * entries become orphans. */
  void EndClose(Mailbox *mailbox);

  /* Adds a mailbox to the list. Called by producers with the mailbox locked. */
  void List(Mailbox *mailbox);

 private:
  static void OnWake(napi_env env, napi_value callback, void *context, void *data);
  Entry *TakeNext();
  void Unlist(Mailbox *mailbox);
  void WakeLocked();
  /* Both return false once JavaScript cannot be called any more. */
  bool Dispatch(Entry *entry);
  bool Call(napi_ref function, size_t count, const napi_value *arguments);

  napi_env env_ = nullptr;
  napi_ref dispatch_ = nullptr, defer_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  EntryList orphans_;

  std::mutex mutex_;
  bool running_ = false;
  bool awake_ = false; /* a wake-up is in progress */
  Mailbox *first_ = nullptr;
  Mailbox *last_ = nullptr;
};

/* Sets the functions of all host structs. Called once per process, before the first Open. */
void InstallHostFunctions();

}  // namespace tenon

#endif
