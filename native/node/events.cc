#include "node/events.h"

#include <stdlib.h>
#include <string.h>

#include <chrono>
#include <set>

#include "plugin/host_slots.h"
#include "node/mailbox.h"

namespace tenon {
namespace {

/* The longest time for which Drain delays the event loop, no matter how much plugins emit. */
constexpr std::chrono::milliseconds kTurn(10);

uint64_t ContextOf(const tenon_host *host) {
#if defined(_MSC_VER) && !defined(__clang__)
  return reinterpret_cast<uint64_t>(*const_cast<void *const volatile *>(&host->ctx));
#else
  return reinterpret_cast<uint64_t>(__atomic_load_n(&host->ctx, __ATOMIC_ACQUIRE));
#endif
}

void HostLog(const tenon_host *host, int32_t level, const char *message, size_t length) {
  uint64_t id = host == nullptr ? 0 : ContextOf(host);
  Mailbox *mailbox = FindMailbox(id);
  if (mailbox != nullptr) PostLog(mailbox, id, level, message, length);
}

tenon_status HostEmit(const tenon_host *host, const uint8_t *data, size_t length) {
  uint64_t id = host == nullptr ? 0 : ContextOf(host);
  Mailbox *mailbox = FindMailbox(id);
  return mailbox == nullptr ? TENON_CLOSED : PostEvent(mailbox, id, data, length);
}

const void *HostGetExtension(const tenon_host *host, const char *id) {
  if (host == nullptr || id == nullptr || strcmp(id, TENON_ORIGIN) != 0) return nullptr;
  uint64_t context = ContextOf(host);
  Mailbox *mailbox = FindMailbox(context);
  if (mailbox == nullptr) return nullptr;
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  return mailbox->id == context ? mailbox->limits.origin : nullptr;
}

/* Makes the arguments of dispatch. Returns false if the bytes are too large for a string or a Buffer; that
 * entry is lost. */
bool Convert(napi_env env, Entry *entry, napi_value *arguments) {
  char *text = reinterpret_cast<char *>(entry->bytes());
  napi_status status = entry->kind == EntryKind::kLog
                           ? napi_create_string_utf8(env, text, entry->length, &arguments[3])
                           : napi_create_buffer_copy(env, entry->length, text, nullptr, &arguments[3]);
  return status == napi_ok && napi_create_double(env, entry->token, &arguments[0]) == napi_ok &&
         napi_create_int32(env, static_cast<int32_t>(entry->kind), &arguments[1]) == napi_ok &&
         napi_create_int32(env, entry->level, &arguments[2]) == napi_ok;
}

}  // namespace

const char *KeepString(const std::string &text) {
  static std::mutex mutex;
  /* Leaked on purpose: threads of plugins may outlive the static destructors. */
  static std::set<std::string> &strings = *new std::set<std::string>();
  std::lock_guard<std::mutex> lock(mutex);
  return strings.insert(text).first->c_str();
}

void InstallHostFunctions() {
  tenon_host functions = {};
  functions.size = sizeof(tenon_host);
  functions.log = HostLog;
  functions.emit = HostEmit;
  functions.get_extension = HostGetExtension;
  SetHostFunctions(functions);
}

bool Delivery::Start(napi_env env, napi_value dispatch, napi_value defer) {
  napi_value name;
  if (napi_create_string_utf8(env, "tenon", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_reference(env, dispatch, 1, &dispatch_) != napi_ok ||
      napi_create_reference(env, defer, 1, &defer_) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnWake,
                                      &wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, wake_) != napi_ok) {
    return false;
  }
  env_ = env;
  std::lock_guard<std::mutex> lock(mutex_);
  running_ = true;
  return true;
}

void Delivery::Stop() {
  orphans_.Clear();
  std::lock_guard<std::mutex> lock(mutex_);
  if (!running_) return;
  running_ = false;
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
}

void Delivery::SetReferenced(bool referenced) {
  if (referenced) {
    napi_ref_threadsafe_function(env_, wake_);
  } else {
    napi_unref_threadsafe_function(env_, wake_);
  }
}

Mailbox *Delivery::Open(double token, const QueueLimits &limits) {
  Mailbox *mailbox = AcquireMailbox();
  if (mailbox == nullptr) return nullptr;
  tenon_host *host = AcquireHost(reinterpret_cast<void *>(mailbox->id));
  if (host == nullptr) {
    ReleaseMailbox(mailbox);
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  mailbox->host = host;
  mailbox->delivery = this;
  mailbox->closing = false;
  mailbox->token = token;
  mailbox->limits = limits;
  return mailbox;
}

void Delivery::BeginClose(Mailbox *mailbox) {
  RefuseEvents(mailbox);
}

void Delivery::EndClose(Mailbox *mailbox) {
  tenon_host *host;
  {
    std::lock_guard<std::mutex> lock(mailbox->mutex);
    if (mailbox->listed) Unlist(mailbox);
    TakeLogs(mailbox, &orphans_);
    mailbox->delivery = nullptr;
    host = mailbox->host;
    mailbox->host = nullptr;
  }
  RetireHost(host);
  ReleaseMailbox(mailbox);
}

void Delivery::List(Mailbox *mailbox) {
  mailbox->listed = true;
  std::lock_guard<std::mutex> lock(mutex_);
  mailbox->previous = last_;
  mailbox->next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = mailbox;
  last_ = mailbox;
  WakeLocked();
}

void Delivery::Unlist(Mailbox *mailbox) {
  mailbox->listed = false;
  std::lock_guard<std::mutex> lock(mutex_);
  (mailbox->previous == nullptr ? first_ : mailbox->previous->next) = mailbox->next;
  (mailbox->next == nullptr ? last_ : mailbox->next->previous) = mailbox->previous;
}

void Delivery::WakeLocked() {
  if (awake_ || !running_) return;
  awake_ = napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking) == napi_ok;
}

void Delivery::OnWake(napi_env env, napi_value, void *context, void *) {
  /* Without an environment, the wake-up comes from its teardown: JavaScript cannot be called any more. */
  if (env != nullptr) static_cast<Delivery *>(context)->Drain();
}

void Delivery::Drain() {
  auto end = std::chrono::steady_clock::now() + kTurn;
  do {
    Entry *entry = TakeNext();
    if (entry == nullptr) return;
    if (!Dispatch(entry)) return;
  } while (std::chrono::steady_clock::now() < end);
  /* Defers without the thread-safe function, which would call back at once, before the event loop gets a
   * turn. `awake_` stays set until then. */
  Call(defer_, 0, nullptr);
}

Entry *Delivery::TakeNext() {
  for (;;) {
    Mailbox *mailbox;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      mailbox = first_;
      if (mailbox == nullptr) {
        awake_ = false;
        return nullptr;
      }
      first_ = mailbox->next;
      (first_ == nullptr ? last_ : first_->previous) = nullptr;
    }
    bool more;
    Entry *entry = TakeEntry(mailbox, &more);
    if (more) {
      std::lock_guard<std::mutex> lock(mailbox->mutex);
      List(mailbox);
    }
    if (entry != nullptr) return entry;
  }
}

bool Delivery::Dispatch(Entry *entry) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) {
    free(entry);
    return false;
  }
  napi_value arguments[4];
  bool can_call = !Convert(env_, entry, arguments) || Call(dispatch_, 4, arguments);
  free(entry);
  napi_close_handle_scope(env_, scope);
  return can_call;
}

bool Delivery::Call(napi_ref reference, size_t count, const napi_value *arguments) {
  napi_value function, receiver, error;
  if (napi_get_undefined(env_, &receiver) != napi_ok ||
      napi_get_reference_value(env_, reference, &function) != napi_ok) {
    return false;
  }
  if (napi_call_function(env_, receiver, function, count, arguments, nullptr) == napi_ok) return true;
  /* A handler has thrown. It becomes an uncaught exception of the program, and the other entries are still
   * delivered. */
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  if (!pending || napi_get_and_clear_last_exception(env_, &error) != napi_ok) return false;
  return napi_fatal_exception(env_, error) == napi_ok;
}

void Delivery::FlushOrphans() {
  while (Entry *entry = orphans_.Take()) {
    if (!Dispatch(entry)) return;
  }
}

}  // namespace tenon
