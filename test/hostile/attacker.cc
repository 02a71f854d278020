/* A plugin that attacks its host through the channel, and its keeper. The input names the attack; any other input
 * is returned. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>
#include <string>

#include "channel/ring.h"
#include "tenon.h"

using namespace tenon;

namespace {

/* The parts of the channel, as the plugin finds them in its own process. */
struct Found {
  uint8_t *base = nullptr;
  int wake = -1, life = -1;
  ChannelHeader *header() const { return reinterpret_cast<ChannelHeader *>(base); }
};

Found Find() {
  Found found;
  char line[1024];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != nullptr && found.base == nullptr && fgets(line, sizeof(line), maps) != nullptr) {
    unsigned long from;
    if (strstr(line, "tenon-channel") != nullptr && sscanf(line, "%lx-", &from) == 1)
      found.base = reinterpret_cast<uint8_t *>(from);
  }
  if (maps != nullptr) fclose(maps);
  for (int file = 3; file < 1024; file++) {
    char path[64], target[256] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (readlink(path, target, sizeof(target) - 1) < 0) continue;
    if (strstr(target, "eventfd") != nullptr) found.wake = file;
    if (strstr(target, "pipe:") != nullptr) found.life = file;
  }
  return found;
}

[[noreturn]] void Hang() {
  for (;;) sleep(1000);
}

/* Makes the shared file for wake-ups block, for everyone who has it. */
void BlockWakeUps(const Found &found, uint64_t count) {
  uint64_t value;
  while (read(found.wake, &value, sizeof(value)) > 0) continue;
  fcntl(found.wake, F_SETFL, fcntl(found.wake, F_GETFL) & ~O_NONBLOCK);
  if (count != 0 && write(found.wake, &count, sizeof(count)) < 0) return;
}

void *KeepFull(void *) {
  Found found = Find();
  BlockWakeUps(found, 0);
  for (const uint64_t full = 0xfffffffffffffffe;;)
    if (write(found.wake, &full, sizeof(full)) < 0) sleep(1);
}

void *KeepEmpty(void *) {
  Found found = Find();
  BlockWakeUps(found, 0);
  for (uint64_t value;;)
    if (read(found.wake, &value, sizeof(value)) < 0) sleep(1);
}

/* A writer of the plugin's own for a ring, which follows no rule but those of the ring. */
class Flood {
 public:
  Flood(const Found &found, RingName name) : found_(found), words_(&found.header()->rings[name]) {
    size_ = found.header()->places[name].size;
    ring_ = found.base + found.header()->places[name].offset;
    position_ = words_->tail.load();
    if ((position_ & (size_ - 1)) != 0) {
      words_->skip.store(position_);
      position_ = (position_ | (size_ - 1)) + 1;
    }
    start_ = position_;
  }
  void Write(const Record &record) {
    uint64_t space = RecordSpace(record.size);
    if ((position_ & (size_ - 1)) + space > size_) {
      words_->skip.store(position_);
      position_ = (position_ | (size_ - 1)) + 1;
    }
    while (position_ + space - std::max(words_->tail.load(), start_) > size_) sched_yield();
    Slot *slot = reinterpret_cast<Slot *>(ring_ + (position_ & (size_ - 1)));
    slot->record = record;
    slot->stamp.store(StampOf(position_, found_.header()->secret));
    position_ += space;
    Ring(&words_->reader_sleeps);
    const uint64_t one = 1;
    if (words_->reader_armed.exchange(0) != 0 && write(found_.wake, &one, sizeof(one)) < 0) return;
  }

 private:
  Found found_;
  RingWords *words_;
  uint8_t *ring_;
  uint64_t size_, position_, start_;
};

Record Answer(const Found &found, uint64_t size, uint64_t total) {
  Record record = {};
  record.operation = kCall;
  record.number = found.header()->breadcrumb.number;
  record.size = size;
  record.total = total;
  return record;
}

/* Answers with the number of a request of long ago, without end. */
void Stale(const Found &found, uint64_t size) {
  Flood flood(found, kResponses);
  Record record = Answer(found, size, size);
  for (record.number = 1;;) flood.Write(record);
}

/* Answers in parts of `size` bytes that never become a whole. */
void Parts(const Found &found, uint64_t size, uint64_t total) {
  Flood flood(found, kResponses);
  Record record = Answer(found, size, total);
  record.flags = kMore;
  for (uint64_t sent = 0; sent + size < total; sent += size) flood.Write(record);
  Hang();
}

/* Emits as fast as it can, without regard to the limits of its host. */
void Events(const Found &found, uint64_t count) {
  Flood flood(found, kEvents);
  Record record = {};
  record.operation = kEvent;
  record.instance = 1;
  for (uint64_t i = 0; count == 0 || i < count; i++) flood.Write(record);
}

/* Writes garbage to everything that is shared, again and again. */
void Scribble(const Found &found, unsigned seed) {
  std::mt19937_64 random(seed);
  uint64_t *header = reinterpret_cast<uint64_t *>(found.base);
  uint64_t *rings = reinterpret_cast<uint64_t *>(found.base + kHeaderSize);
  const uint64_t one = 1;
  for (;;) {
    header[random() % (kHeaderSize / 8)] = random() % 2 == 0 ? random() : random() % 65536 * 64;
    rings[random() % 65536] = random();
    if (write(found.wake, &one, sizeof(one)) < 0) sched_yield();
  }
}

/* Keeps the lifetime pipe open, and full. */
void HoldLife(const Found &found) {
  char path[64], block[4096] = {};
  snprintf(path, sizeof(path), "/proc/self/fd/%d", found.life);
  int again = open(path, O_RDWR | O_NONBLOCK);
  while (again >= 0 && write(again, block, sizeof(block)) > 0) continue;
  Hang();
}

void CloseAll() {
  for (int file = 0; file < 1024; file++) close(file);
  Hang();
}

void Print(uint64_t megabytes) {
  std::string block(1 << 20, 'x');
  block += '\n';
  for (uint64_t i = 0; megabytes == 0 || i < megabytes; i++)
    if (write(1, block.data(), block.size()) < 0) return;
}

void Begin(void *(*thread)(void *)) {
  pthread_t made;
  pthread_create(&made, nullptr, thread, nullptr);
}

void Attack(const std::string &way, uint64_t number) {
  Found found = Find();
  if (way == "fills") {
    BlockWakeUps(found, 0xfffffffffffffffe);
    printf("one line\n");
    fflush(stdout);
    Hang();
  }
  if (way == "keeps-full") return Begin(KeepFull);
  if (way == "keeps-empty") return Begin(KeepEmpty);
  if (way == "stale") Stale(found, number);
  if (way == "parts") Parts(found, number, uint64_t{1900} << 20);
  if (way == "whole") return Parts(found, number, number + 1);
  if (way == "events") Events(found, number);
  if (way == "events-and-dies") Events(found, number), raise(SIGKILL);
  if (way == "scribbles") Scribble(found, static_cast<unsigned>(number));
  if (way == "holds-life") HoldLife(found);
  if (way == "closes") CloseAll();
  if (way == "prints") Print(number);
  if (way == "stops") raise(SIGSTOP), Hang();
  if (way == "stops-keeper") kill(getppid(), SIGSTOP), Hang();
  if (way == "stops-keeper-and-lies") kill(getppid(), SIGSTOP), Stale(found, number);
  if (way == "stops-keeper-and-dies") kill(getppid(), SIGSTOP), abort();
  if (way == "kills-keeper") kill(getppid(), SIGKILL), Hang();
  if (way == "kills-group") kill(0, SIGKILL);
  if (way == "exits") exit(0);
  if (way == "aborts") abort();
  if (way == "hangs") Hang();
}

/* "!way number" is an attack, "=size" a result of that many bytes. */
tenon_status Work(void *, const uint8_t *in, size_t length, tenon_out *out) {
  std::string text(reinterpret_cast<const char *>(in), std::min<size_t>(length, 64));
  if (text.empty() || (text[0] != '!' && text[0] != '=')) return tenon_write(out, in, length);
  size_t space = text.find(' ');
  uint64_t number = space == std::string::npos ? 0 : strtoull(text.c_str() + space, nullptr, 10);
  if (text[0] == '!') {
    Attack(text.substr(1, space == std::string::npos ? space : space - 1), number);
    return tenon_write(out, "attacked", 8);
  }
  if (out->reserve(out, number) != TENON_OK) return tenon_fail(out, TENON_NO_MEMORY, "no room for it");
  memset(out->data, 'r', number);
  out->len = number;
  return TENON_OK;
}

}  // namespace

TENON_STATELESS_PLUGIN("attacker", "1.0.0", Work);
