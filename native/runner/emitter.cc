#include "runner/emitter.h"

#include <stdio.h>
#include <string.h>

#include <new>

#include "plugin/host_slots.h"

namespace tenon {
namespace {

struct Source {
  tenon_host *host = nullptr;
  bool closing = false;
  uint32_t waiting = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0; /* log entries dropped since the last report about that */
};

/* A record that the host has not consumed yet. */
struct Underway {
  uint64_t end;
  uint32_t instance;
  uint64_t size;
};

struct State {
  std::mutex mutex;
  HostLink *channel = nullptr;
  EmitLimits limits;
  const char *origin = nullptr;
  std::unordered_map<uint32_t, Source> sources;
  std::deque<Underway> underway;
};

State &All() {
  static State &state = *new State;
  return state;
}

/* Returns the instance. It is a number in `ctx` itself, so it cannot be a pointer to freed memory. */
uint32_t InstanceOf(const tenon_host *host) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(__atomic_load_n(&host->ctx, __ATOMIC_ACQUIRE)));
}

Source *Find(State &state, uint32_t instance) {
  auto found = state.sources.find(instance);
  return found == state.sources.end() ? nullptr : &found->second;
}

/* Accounts for the records that the host has consumed. */
void Settle(State &state) {
  uint64_t consumed = state.channel->EventsTaken();
  while (!state.underway.empty() && static_cast<int64_t>(consumed - state.underway.front().end) >= 0) {
    const Underway &taken = state.underway.front();
    if (Source *source = Find(state, taken.instance)) {
      source->waiting--;
      source->bytes -= taken.size;
    }
    state.underway.pop_front();
  }
  if (state.underway.empty()) state.channel->TrimEvents();
}

bool HasRoom(State &state, const Source &source, uint32_t messages, uint64_t size) {
  const EmitLimits &limits = state.limits;
  return source.waiting + messages <= limits.messages && size <= limits.bytes &&
         source.bytes <= limits.bytes - size;
}

/* @throws std::bad_alloc */
bool Put(State &state, uint32_t instance, Source *source, Record record, const void *bytes, uint64_t size) {
  record.size = record.total = size;
  record.instance = instance;
  state.underway.push_back({0, instance, size}); /* first, because it may lack memory */
  if (!state.channel->PutEvent(record, bytes)) {
    state.underway.pop_back();
    return false;
  }
  state.underway.back().end = state.channel->EventsPut();
  source->waiting++;
  source->bytes += size;
  return true;
}

/* As Put, for messages that may be dropped. */
bool TryPut(State &state, uint32_t instance, Source *source, Record record, const void *bytes,
            uint64_t size) {
  try {
    return Put(state, instance, source, record, bytes, size);
  } catch (const std::bad_alloc &) {
    return false;
  }
}

Record LogRecord(int32_t level) {
  Record record = {};
  record.operation = kLog;
  record.status = level;
  return record;
}

bool PutDropped(State &state, uint32_t instance, Source *source) {
  if (source->dropped == 0) return true;
  char text[64];
  int length = snprintf(text, sizeof(text), "%llu log messages dropped: too many were waiting",
                        static_cast<unsigned long long>(source->dropped));
  if (!TryPut(state, instance, source, LogRecord(TENON_LOG_WARN), text, static_cast<uint64_t>(length)))
    return false;
  source->dropped = 0;
  return true;
}

tenon_status OnEmit(const tenon_host *host, const uint8_t *data, size_t length) {
  uint32_t instance = InstanceOf(host);
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  Source *source = Find(state, instance);
  if (source == nullptr || source->closing) return TENON_CLOSED;
  if (data == nullptr && length != 0) return TENON_INVALID;
  if (length > state.limits.bytes || length > state.channel->LongestEvent())
    return TENON_NO_MEMORY; /* BUSY would make the plugin retry forever */
  Settle(state);
  Record record = {};
  record.operation = kEvent;
  try {
    if (!HasRoom(state, *source, 1, length) || !Put(state, instance, source, record, data, length))
      return TENON_BUSY;
  } catch (const std::bad_alloc &) {
    return TENON_NO_MEMORY;
  }
  return TENON_OK;
}

const void *OnExtension(const tenon_host *, const char *id) {
  return id != nullptr && strcmp(id, TENON_ORIGIN) == 0 ? All().origin : nullptr;
}

}  // namespace

std::atomic<bool> Emitter::has_dropped_{false};

void Emitter::OnLog(const tenon_host *host, int32_t level, const char *message, size_t length) {
  uint32_t instance = InstanceOf(host);
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  Source *source = Find(state, instance);
  if (source == nullptr) return;
  if (message == nullptr) length = 0;
  Settle(state);
  bool fits = HasRoom(state, *source, source->dropped != 0 ? 2 : 1, length) &&
              PutDropped(state, instance, source) &&
              TryPut(state, instance, source, LogRecord(level), message, length);
  if (fits) return;
  source->dropped++;
  has_dropped_.store(true, std::memory_order_relaxed);
}

void Emitter::ReportAllDropped() {
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  Settle(state);
  bool all = true;
  for (auto &entry : state.sources) all = PutDropped(state, entry.first, &entry.second) && all;
  if (all) has_dropped_.store(false, std::memory_order_relaxed);
}

void Emitter::Start(HostLink *channel, const EmitLimits &limits, const char *origin) {
  State &state = All();
  state.origin = origin;
  state.channel = channel;
  state.limits = limits;
  SetHostFunctions({sizeof(tenon_host), 0, nullptr, OnLog, OnEmit, OnExtension});
}

const tenon_host *Emitter::Open(uint32_t instance) {
  tenon_host *host = AcquireHost(reinterpret_cast<void *>(static_cast<uintptr_t>(instance)));
  if (host == nullptr) return nullptr;
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  try {
    state.sources[instance].host = host;
  } catch (const std::bad_alloc &) {
    RetireHost(host);
    return nullptr;
  }
  return host;
}

void Emitter::BeginClose(uint32_t instance) {
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  if (Source *source = Find(state, instance)) source->closing = true;
}

void Emitter::EndClose(uint32_t instance) {
  State &state = All();
  std::lock_guard<std::mutex> lock(state.mutex);
  Source *source = Find(state, instance);
  if (source == nullptr) return;
  PutDropped(state, instance, source);
  RetireHost(source->host);
  state.sources.erase(instance);
}

}  // namespace tenon
