/* The rings, with both ends in one process. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

struct Pair {
  ChannelMemory memory;
  RingWriter writer;
  RingReader reader;
  int file = -1;

  explicit Pair(uint64_t size) {
    const uint64_t sizes[kRingCount] = {size, size, size};
    CHECK(memory.Create(sizes, &file) == 0);
    writer.Attach(memory, kRequests);
    reader.Attach(memory, kRequests);
  }
  ~Pair() { close(file); }

  bool Write(const std::vector<uint8_t> &bytes, uint64_t number) {
    uint64_t room;
    uint8_t *to = writer.Prepare(bytes.size(), &room);
    if (to == nullptr) return false;
    CHECK(room >= bytes.size());
    CHECK(to >= memory.ring(kRequests) && to + room <= memory.ring(kRequests) + memory.ring_size(kRequests));
    if (!bytes.empty()) memcpy(to, bytes.data(), bytes.size());
    Record record = {};
    record.size = record.total = bytes.size();
    record.number = number;
    writer.Commit(record);
    return true;
  }
  void ReadBack(const std::vector<uint8_t> &bytes, uint64_t number) {
    Record record;
    const uint8_t *from = nullptr;
    CHECK(reader.HasNews());
    CHECK(reader.Peek(&record, &from) || reader.Peek(&record, &from));
    CHECK(record.number == number && record.size == bytes.size());
    CHECK(bytes.empty() || memcmp(from, bytes.data(), bytes.size()) == 0);
    reader.Release();
  }
};

/* Returns the size of the memfd's allocated pages, in bytes. */
uint64_t Allocated(int file) {
  struct stat facts;
  CHECK(fstat(file, &facts) == 0);
  return static_cast<uint64_t>(facts.st_blocks) * 512;
}

void AllSizes() {
  Pair pair(128 << 20);
  for (uint64_t size : {0, 1, 63, 64, 65, 4095, 4096, 65535, 65536, 1 << 20, (64 << 20) - 1, 64 << 20}) {
    std::vector<uint8_t> bytes = Bytes(size, static_cast<uint32_t>(size));
    for (uint64_t round = 0; round < 2; round++) {
      CHECK(pair.Write(bytes, size + round));
      pair.ReadBack(bytes, size + round);
    }
  }
  std::vector<uint8_t> whole((128 << 20) - sizeof(Slot));
  CHECK(pair.Write(whole, 1));
  pair.ReadBack(whole, 1);
  whole.push_back(0);
  CHECK(!pair.Write(whole, 2) && pair.writer.broken() == nullptr);
}

/* Mixes writes and reads of any size: records come out in the order in which they went in. */
void RandomTraffic() {
  for (uint32_t seed = 1; seed <= 20; seed++) {
    std::mt19937 random(seed);
    Pair pair(64 * 1024);
    uint64_t written = 0, read = 0;
    const auto size_of = [seed](uint64_t number) {
      uint32_t mixed = static_cast<uint32_t>(number * 2654435761u + seed) >> 8;
      return mixed % 100 < 80 ? mixed % 300 : mixed % 100 < 98 ? mixed % 20000 : mixed % 65400;
    };
    for (int step = 0; step < 20000; step++) {
      if (random() % 2 == 0 || written == read) {
        if (pair.Write(Bytes(size_of(written), static_cast<uint32_t>(written)), written)) written++;
        CHECK(pair.writer.broken() == nullptr);
        CHECK(written != read); /* an empty ring takes everything */
      } else {
        pair.ReadBack(Bytes(size_of(read), static_cast<uint32_t>(read)), read);
        read++;
      }
    }
  }
}

void SmallTrafficStaysSmall() {
  Pair pair(128 << 20);
  std::vector<uint8_t> bytes = Bytes(64, 1);
  for (uint64_t i = 0; i < 100000; i++) {
    CHECK(pair.Write(bytes, i));
    pair.ReadBack(bytes, i);
  }
  CHECK(Allocated(pair.file) < 64 * 1024);
}

void MemoryIsReleased() {
  Pair pair(128 << 20);
  std::vector<uint8_t> large = Bytes(64 << 20, 1), small = Bytes(100, 2);
  CHECK(pair.Write(large, 1));
  CHECK(!pair.writer.Trim()); /* not read yet */
  pair.ReadBack(large, 1);
  CHECK(Allocated(pair.file) > 60 << 20 && pair.writer.wants_trim());
  CHECK(pair.writer.Trim() && !pair.writer.wants_trim());
  CHECK(Allocated(pair.file) < 512 * 1024);
  for (uint64_t i = 0; i < 1000; i++) {
    CHECK(pair.Write(small, i));
    pair.ReadBack(small, i);
  }
  CHECK(pair.Write(large, 2));
  pair.ReadBack(large, 2);
}

void TwoThreads() {
  Pair pair(64 * 1024);
  constexpr uint64_t kCount = 300000;
  std::thread reader([&] {
    for (uint64_t i = 0; i < kCount; i++) {
      const auto ready = [&] { return pair.reader.HasNews(); };
      Record record;
      const uint8_t *bytes;
      while (!pair.reader.Peek(&record, &bytes)) {
        CHECK(pair.reader.broken() == nullptr);
        if (!Spin(i % 3 == 0 ? 0 : 2000, ready)) Sleep(&pair.reader.words()->reader_sleeps, kNever, ready);
      }
      CHECK(record.number == i && record.size == 8 + i % 200);
      CHECK(memcmp(bytes, &i, sizeof(i)) == 0);
      pair.reader.Release();
    }
  });
  for (uint64_t i = 0; i < kCount; i++) {
    uint64_t room;
    CHECK(pair.writer.AwaitRoom(8 + i % 200));
    memcpy(pair.writer.Prepare(8 + i % 200, &room), &i, sizeof(i));
    Record record = {};
    record.size = record.total = 8 + i % 200;
    record.number = i;
    pair.writer.Commit(record);
  }
  reader.join();
}

/* Fills the memory with garbage: reader and writer stay within the ring. The ring ends where the memory ends,
 * so AddressSanitizer finds an overrun. */
void HostileMemory() {
  for (uint32_t seed = 1; seed <= 3000; seed++) {
    std::mt19937_64 random(seed);
    Pair pair(64 * 1024);
    pair.reader.Attach(pair.memory, kEvents); /* the last one */
    pair.writer.Attach(pair.memory, kEvents);
    RingWords *words = &pair.memory.header()->rings[kEvents];
    uint8_t *ring = pair.memory.ring(kEvents);
    uint64_t position = 0;
    for (int step = 0; step < 30; step++) {
      Slot *slot = reinterpret_cast<Slot *>(ring + (position & 0xffff));
      slot->stamp.store(random() % 8 == 0 ? random() : StampOf(position, pair.memory.secret()));
      uint64_t sizes[] = {random() % 70000, random(), 65536 - 64 - (position & 0xffff),
                          65536 - 63 - (position & 0xffff), 0};
      slot->record.size = sizes[random() % 5];
      slot->record.total = random() % 4 == 0 ? random() : slot->record.size;
      if (random() % 4 == 0) words->skip.store(random() % 2 == 0 ? position : random());
      if (random() % 4 == 0) words->tail.store(random() % 2 == 0 ? random() : random() % 200000 / 64 * 64);
      Record record;
      const uint8_t *bytes;
      if (pair.reader.Peek(&record, &bytes)) {
        uint32_t sum = 0;
        for (uint64_t i = 0; i < record.size; i++) sum += bytes[i];
        CHECK(bytes >= ring && bytes + record.size <= ring + 65536 && sum != 1);
        pair.reader.Release();
        position += RecordSpace(record.size);
      }
      uint64_t size = random() % 30000, room;
      uint8_t *to = pair.writer.Prepare(size, &room);
      if (to == nullptr) continue;
      CHECK(room >= size && to >= ring && to + room <= ring + 65536);
      record = {};
      record.size = record.total = size;
      pair.writer.Commit(record);
    }
  }
}

}  // namespace

int main() {
  Run("a record of any size from 0 to 64 MiB, and one as large as the ring, comes out as it went in",
      AllSizes);
  Run("any order of writes and reads keeps the order of the records, and an empty ring takes any record",
      RandomTraffic);
  Run("small traffic touches a few pages of a large ring", SmallTrafficStaysSmall);
  Run("the memory of a large record is released, and the ring keeps working", MemoryIsReleased);
  Run("two threads exchange 300000 records, spinning and sleeping, through a ring that is often full",
      TwoThreads);
  Run("garbage in records and positions never leads outside of the ring", HostileMemory);
  return 0;
}
