/* A runner that writes garbage over everything that its host reads. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <random>

#include "hostile_runner.h"

using namespace tenon;

namespace {

std::mt19937_64 source;

uint64_t Any() {
  return source();
}

/* Returns a word that is nearly right. */
uint64_t Odd(uint64_t right) {
  switch (Any() % 6) {
    case 0:
      return Any();
    case 1:
      return right + 1;
    case 2:
      return right - 64;
    case 3:
      return 0;
    case 4:
      return ~uint64_t{0};
    default:
      return right;
  }
}

Record AnyAnswer(uint64_t number) {
  Record record = {};
  record.operation = static_cast<uint32_t>(Any() % 24);
  record.flags = Any() % 3 == 0 ? kMore : 0;
  record.number = Any() % 2 == 0 ? number : Odd(number);
  record.size = Any() % 2000;
  record.total = Any() % 2 == 0 ? record.size : Odd(record.size * 3);
  record.status = static_cast<int32_t>(Any());
  return record;
}

/* Sends an answer that is invalid: with a wrong number, repeated, in parts that never end, or of a wrong
 * length. */
void Answer(ChannelRunner *channel, uint64_t number) {
  Record record = AnyAnswer(number);
  uint64_t room;
  uint8_t *to = channel->answers().Prepare(record.size, &room);
  if (to == nullptr) return;
  memset(to, static_cast<int>(Any()), record.size);
  uint64_t space = record.size;
  channel->answers().Commit(record);
  if (Any() % 4 == 0) reinterpret_cast<Slot *>(to - sizeof(Slot))->record.size = Odd(space);
  channel->Notify(kResponses);
}

/* Writes garbage over everything that the host reads. */
void Scribble(ChannelMemory *memory) {
  RingWords *words = &memory->header()->rings[Any() % kRingCount];
  switch (Any() % 8) {
    case 0:
      words->tail.store(Odd(words->tail.load()));
      break;
    case 1:
      words->skip.store(Any() % 2 == 0 ? Any() : Any() % (1 << 20) / 64 * 64);
      break;
    case 2:
      words->reader_sleeps.store(static_cast<uint32_t>(Any()));
      break;
    case 3: {
      uint64_t *bytes = reinterpret_cast<uint64_t *>(memory->ring(kResponses));
      for (int i = 0; i < 64; i++) bytes[Any() % 4096] = Odd(bytes[Any() % 4096]);
      break;
    }
    case 4: {
      uint64_t *bytes = reinterpret_cast<uint64_t *>(memory->ring(kEvents));
      uint64_t position = Any() % 512 * 64;
      bytes[position / 8] = StampOf(position, memory->secret());
      for (int i = 1; i < 8; i++)
        bytes[position / 8 + static_cast<uint64_t>(i)] = Any() % 2 == 0 ? Any() : Any() % 4096;
      break;
    }
    case 5:
      memory->header()->crash.frame_count = static_cast<uint32_t>(Any());
      memory->header()->crash.written = 1;
      break;
    case 6:
      memory->header()->breadcrumb.input_offset = Any() % 2 == 0 ? Any() : Any() % (1 << 20);
      memory->header()->breadcrumb.input_size = Any() % 2 == 0 ? Any() : Any() % 4096;
      break;
    default:
      memory->header()->total = Any();
      memory->header()->places[1].size = Any();
      break;
  }
}

}  // namespace

void WriteGarbage(ChannelRunner *channel, uint64_t seed) {
  source.seed(seed);
  if (seed % 3 != 0) { /* begins correctly */
    Record ready = {};
    ready.operation = kReady;
    channel->Send(ready, nullptr, 0);
  }
  for (uint64_t number = 1; number < 400; number++) {
    if (Any() % 3 != 0) Answer(channel, number / 2);
    if (seed % 2 == 0 || Any() % 8 == 0) Scribble(&channel->memory());
    if (Any() % 32 == 0) usleep(static_cast<useconds_t>(Any() % 300));
  }
  if (seed % 5 == 0) channel->SetState(static_cast<RunnerState>(Any()));
  if (seed % 7 == 0) abort();
}
