#include "node/mailbox.h"

#include <stdio.h>
#include <stdlib.h>

#include <atomic>
#include <new>

namespace tenon {
namespace {

constexpr uint64_t kIndexBits = 24;
constexpr size_t kBlockSize = 1024;
constexpr size_t kBlocks = (size_t{1} << kIndexBits) / kBlockSize;

/* Leaked on purpose: threads of plugins may outlive the static destructors. */
struct Table {
  std::mutex mutex;
  std::atomic<Mailbox *> blocks[kBlocks];
  size_t used = 0;
  Mailbox *free = nullptr;
};

Table &All() {
  static Table &table = *new Table();
  return table;
}

Entry *MakeEntry(const Mailbox *mailbox, EntryKind kind, int32_t level, const void *bytes, size_t length) {
  Entry *entry = static_cast<Entry *>(malloc(sizeof(Entry) + length));
  if (entry == nullptr) return nullptr;
  *entry = Entry{nullptr, mailbox->token, kind, level, length};
  if (length != 0) memcpy(entry->bytes(), bytes, length);
  return entry;
}

bool HasRoom(const Mailbox *mailbox, uint32_t messages, size_t length) {
  const QueueLimits &limits = mailbox->limits;
  return mailbox->waiting + messages <= limits.messages && length <= limits.bytes &&
         mailbox->bytes <= limits.bytes - length;
}

void Put(Mailbox *mailbox, Entry *entry) {
  mailbox->entries.Append(entry);
  mailbox->waiting++;
  mailbox->bytes += entry->length;
  if (!mailbox->listed) mailbox->delivery->List(mailbox);
}

/* Takes the log entry that reports the dropped ones, outside of the limits. Returns NULL if nothing was
 * dropped. */
Entry *TakeDropReport(Mailbox *mailbox) {
  if (mailbox->dropped == 0) return nullptr;
  char text[64];
  int length = snprintf(text, sizeof(text), "%llu log messages dropped: too many were waiting",
                        static_cast<unsigned long long>(mailbox->dropped));
  Entry *report = MakeEntry(mailbox, EntryKind::kLog, TENON_LOG_WARN, text, static_cast<size_t>(length));
  if (report != nullptr) mailbox->dropped = 0;
  return report;
}

}  // namespace

void EntryList::Append(Entry *entry) {
  entry->next = nullptr;
  if (last != nullptr) last->next = entry;
  if (first == nullptr) first = entry;
  last = entry;
}

Entry *EntryList::Take() {
  Entry *entry = first;
  if (entry == nullptr) return nullptr;
  first = entry->next;
  if (first == nullptr) last = nullptr;
  return entry;
}

void EntryList::Clear() {
  while (Entry *entry = Take()) free(entry);
}

Mailbox *AcquireMailbox() {
  Table &table = All();
  std::lock_guard<std::mutex> lock(table.mutex);
  Mailbox *mailbox = table.free;
  if (mailbox != nullptr) {
    table.free = mailbox->next_free;
    return mailbox;
  }
  size_t index = table.used;
  if (index / kBlockSize >= kBlocks) return nullptr;
  if (index % kBlockSize == 0) {
    Mailbox *block = new (std::nothrow) Mailbox[kBlockSize]();
    if (block == nullptr) return nullptr;
    table.blocks[index / kBlockSize].store(block, std::memory_order_release);
  }
  table.used++;
  mailbox = table.blocks[index / kBlockSize].load(std::memory_order_relaxed) + index % kBlockSize;
  mailbox->id = (uint64_t{1} << kIndexBits) | index;
  return mailbox;
}

void ReleaseMailbox(Mailbox *mailbox) {
  {
    std::lock_guard<std::mutex> lock(mailbox->mutex);
    mailbox->id += uint64_t{1} << kIndexBits;
  }
  Table &table = All();
  std::lock_guard<std::mutex> lock(table.mutex);
  mailbox->next_free = table.free;
  table.free = mailbox;
}

Mailbox *FindMailbox(uint64_t id) {
  size_t index = id & ((uint64_t{1} << kIndexBits) - 1);
  Mailbox *block = All().blocks[index / kBlockSize].load(std::memory_order_acquire);
  return block == nullptr ? nullptr : block + index % kBlockSize;
}

tenon_status PostEvent(Mailbox *mailbox, uint64_t id, const uint8_t *data, size_t length) {
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  if (mailbox->id != id || mailbox->delivery == nullptr || mailbox->closing) return TENON_CLOSED;
  if (data == nullptr && length != 0) return TENON_INVALID;
  if (length > mailbox->limits.bytes) return TENON_NO_MEMORY; /* BUSY would make the plugin retry forever */
  if (!HasRoom(mailbox, 1, length)) return TENON_BUSY;
  Entry *entry = MakeEntry(mailbox, EntryKind::kEvent, 0, data, length);
  if (entry == nullptr) return TENON_NO_MEMORY;
  Put(mailbox, entry);
  return TENON_OK;
}

void PostLog(Mailbox *mailbox, uint64_t id, int32_t level, const char *message, size_t length) {
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  if (mailbox->id != id || mailbox->delivery == nullptr) return;
  if (message == nullptr) length = 0;
  bool reports = mailbox->dropped != 0;
  Entry *entry = nullptr;
  if (HasRoom(mailbox, reports ? 2 : 1, length))
    entry = MakeEntry(mailbox, EntryKind::kLog, level, message, length);
  if (entry == nullptr) {
    mailbox->dropped++;
    if (!mailbox->listed) mailbox->delivery->List(mailbox);
    return;
  }
  if (Entry *report = TakeDropReport(mailbox)) Put(mailbox, report);
  Put(mailbox, entry);
}

void RefuseEvents(Mailbox *mailbox) {
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  mailbox->closing = true;
}

Entry *TakeEntry(Mailbox *mailbox, bool *more) {
  std::lock_guard<std::mutex> lock(mailbox->mutex);
  Entry *entry = mailbox->entries.Take();
  if (entry != nullptr) {
    mailbox->waiting--;
    mailbox->bytes -= entry->length;
  } else {
    entry = TakeDropReport(mailbox);
  }
  *more = mailbox->entries.first != nullptr || mailbox->dropped != 0;
  if (!*more) mailbox->listed = false;
  return entry;
}

void TakeLogs(Mailbox *mailbox, EntryList *logs) {
  while (Entry *entry = mailbox->entries.Take()) {
    if (entry->kind == EntryKind::kLog) {
      logs->Append(entry);
    } else {
      free(entry);
    }
  }
  if (Entry *report = TakeDropReport(mailbox)) logs->Append(report);
  mailbox->waiting = 0;
  mailbox->bytes = 0;
  mailbox->dropped = 0;
}

}  // namespace tenon
