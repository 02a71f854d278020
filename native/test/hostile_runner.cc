/* A runner that knows the protocol and violates it in one way, which is given by --name. If --abi is a number
 * and no version, it is the seed of garbage that is written instead. It never ends by itself. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "hostile_runner.h"

using namespace tenon;

namespace {

ChannelRunner channel;
std::string way;
int shm_copy = -1;

void Say(uint32_t operation, uint64_t number, int32_t status, const std::string &bytes,
         uint32_t instance = 0) {
  Record record = {};
  record.operation = operation;
  record.number = number;
  record.status = status;
  record.instance = instance;
  channel.Send(record, reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

void Emit(RingWriter *events, uint32_t operation, uint32_t instance) {
  uint64_t room;
  uint8_t *to = events->Prepare(8, &room);
  if (to == nullptr) return;
  memset(to, 'x', 8);
  Record record = {};
  record.operation = operation;
  record.instance = instance;
  record.size = record.total = 8;
  events->Commit(record);
  channel.Notify(kEvents);
}

/* Ends, and leaves a process that has the shared memory and emits without end. */
void LeaveWriter() {
  if (fork() != 0) raise(SIGKILL);
  ChannelMemory memory;
  if (memory.Open(shm_copy) != nullptr) _exit(1);
  RingWriter events;
  events.Attach(memory, kEvents);
  const uint64_t one = 1;
  for (uint64_t room;;) {
    Record record = {};
    record.operation = kEvent;
    if (events.Prepare(0, &room) != nullptr) events.Commit(record);
    if (write(channel.wake_file(), &one, sizeof(one)) < 0) usleep(10);
  }
}

/* Sends a faulty answer to a call. */
void Misbehave(const Record &asked, RingWriter *events) {
  const uint64_t one = 1;
  if (way == "twice") {
    Say(asked.operation, asked.number, 0, "first");
    Say(asked.operation, asked.number, 0, "second");
  } else if (way == "wrong-number") {
    Say(asked.operation, asked.number + 7, 0, "");
  } else if (way == "old-number") {
    Say(asked.operation, 1, 0, "");
  } else if (way == "wrong-operation") {
    Say(kPing, asked.number, 0, "");
  } else if (way == "bad-status") {
    Say(asked.operation, asked.number, 4711, "");
  } else if (way == "bad-outcome") {
    Say(asked.operation, asked.number, -41, "");
  } else if (way == "bad-batch") {
    Say(asked.operation, asked.number, 0, std::string(4096, '\xff'));
  } else if (way == "long-record") {
    Say(asked.operation, asked.number, 0, std::string(100000, 'x'));
  } else if (way == "bad-event") {
    Say(asked.operation, asked.number, 0, "fine");
    /* After the answer, even for a host that reads events first. */
    while (channel.answers().Consumed() != channel.answers().published()) usleep(100);
    Emit(events, kCall, 1);
  } else if (way == "says-it-crashed") {
    channel.SetState(RunnerState::kCrashed);
    channel.Alarm();
  } else if (way == "rings") {
    for (;;) (void)!write(channel.wake_file(), &one, sizeof(one));
  } else if (way == "floods") {
    Say(asked.operation, asked.number, 0, "fine");
    for (;;) Emit(events, kEvent, 77);
  } else if (way == "leaves-a-writer") {
    LeaveWriter();
  } else if (way == "stops") {
    raise(SIGSTOP);
  } else if (way == "dies") {
    raise(SIGKILL);
  } else if (way == "cut-off") {
    Record record = asked;
    uint64_t room;
    if (channel.answers().Prepare(8, &room) == nullptr) return;
    record.flags = 0;
    record.size = 8;
    record.total = 4;
    channel.answers().Commit(record);
    channel.Notify(kResponses);
  } /* "never" */
}

/* Writes a forged breadcrumb with the numbers in `words`, and ends. */
void LieAndDie(const std::string &words) {
  Breadcrumb &crumb = channel.memory().header()->breadcrumb;
  unsigned long long numbers[7] = {};
  sscanf(words.c_str(), "%llu %llu %llu %llu %llu %llu %llu", &numbers[0], &numbers[1], &numbers[2],
         &numbers[3], &numbers[4], &numbers[5], &numbers[6]);
  crumb.stage = static_cast<uint32_t>(numbers[0]);
  crumb.operation = static_cast<uint32_t>(numbers[1]);
  crumb.input_offset = numbers[2];
  crumb.input_size = numbers[3];
  crumb.message = static_cast<uint32_t>(numbers[4]);
  crumb.instance = static_cast<uint32_t>(numbers[5]);
  crumb.method = static_cast<int32_t>(numbers[6]);
  crumb.number = crumb.calls = ~uint64_t{0};
  channel.SetState(RunnerState::kCrashed);
  channel.Alarm();
  raise(SIGKILL);
}

}  // namespace

int main(int argc, char **argv) {
  std::string abi = ".";
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], "--name") == 0) way = argv[i + 1];
    if (strcmp(argv[i], "--abi") == 0) abi = argv[i + 1];
  }
  shm_copy = dup(3);
  if (channel.Open(3, 4, 0) != nullptr) return 1;
  if (abi.find('.') == std::string::npos) {
    WriteGarbage(&channel, std::stoull(abi));
    pause();
  }
  RingWriter events;
  events.Attach(channel.memory(), kEvents);
  if (way == "not-ready") Say(kCall, 0, 0, "");
  if (way == "refuses-nonsense") Say(kRefused, 0, 0, "no code at all");
  if (way == "reads-the-memory")
    memset(static_cast<void *>(&channel.memory().header()->breadcrumb), 0xff, 256);
  if (way == "silent") pause();
  Say(kReady, 0, 0, "");
  Incoming request;
  std::vector<Record> kept;
  while (channel.Await(&request)) {
    Record asked = request.record;
    if (way == "lies" && asked.operation == kCall) {
      LieAndDie(std::string(reinterpret_cast<const char *>(request.bytes), asked.size));
    }
    channel.Release();
    if (asked.operation == kNew && way == "wrong-instance") {
      Say(kNew, asked.number, 0, "", 4000000000);
    } else if (asked.operation == kNew) {
      Say(kNew, asked.number, 0, "", 1);
    } else if (way == "reversed" && asked.operation == kCall) {
      kept.push_back(asked);
      if (kept.size() < 3) continue;
      for (size_t i = kept.size(); i-- > 0;) Say(kCall, kept[i].number, 0, "reversed");
    } else if (asked.operation == kCall || asked.operation == kBatch) {
      Misbehave(asked, &events);
    } else if (asked.operation == kShutdown && way != "wrong-instance") {
      continue;
    } else {
      Say(asked.operation, asked.number, 0, "");
    }
  }
  pause();
  return 0;
}
