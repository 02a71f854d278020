/* A host and a real runner: messages of all kinds and sizes. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../output.h"
#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

std::string TextOf(const std::vector<uint8_t> &bytes) { return std::string(bytes.begin(), bytes.end()); }
std::vector<uint8_t> Command(const std::string &text) { return std::vector<uint8_t>(text.begin(), text.end()); }

Setup Fixture() {
  Setup setup;
  setup.plugin = "fixture";
  return setup;
}

void AllSizes() {
  Session session;
  session.AwaitReady();
  uint32_t instance = session.New("{}");
  for (size_t size : {0, 1, 7, 8, 63, 64, 65, 4096, 16383, 16384, 16385, 65536, 1000000, 64 << 20}) {
    std::vector<uint8_t> input = Bytes(size, static_cast<uint32_t>(size));
    CHECK(session.Call(instance, input) == input);
  }
}

void LargerThanTheRing() {
  Setup setup;
  setup.channel.request_bytes = setup.channel.response_bytes = 256 * 1024;
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  for (size_t size : {200000, 262080, 262081, 262144, 1000000, 20000000}) {
    std::vector<uint8_t> input = Bytes(size, static_cast<uint32_t>(size));
    CHECK(session.Call(instance, input) == input);
    CHECK(session.Call(instance, Bytes(64, 1)).size() == 64);
  }
}

/* More answers than the ring holds, while the host still sends: neither side may wait for the other for ever. */
void ManyInFlight() {
  Setup setup;
  setup.channel.request_bytes = setup.channel.response_bytes = 256 * 1024;
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  std::vector<uint64_t> numbers;
  std::vector<uint8_t> input = Bytes(50000, 7);
  for (int i = 0; i < 200; i++) numbers.push_back(session.host.Send(MakeRequest(kCall, instance, input), Milliseconds(10000)));
  for (size_t i = numbers.size(); i-- > 0;) { /* in any order */
    Message answer;
    CHECK(numbers[i] != 0 && session.host.Await(numbers[i], Milliseconds(10000), &answer) == Wait::kDone);
    CHECK(answer.record.size == input.size() && memcmp(answer.bytes, input.data(), input.size()) == 0);
    session.host.Done();
  }
}

void NoRoomIsSaidAtOnce() {
  Setup setup = Fixture();
  setup.channel.request_bytes = 64 * 1024;
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  CHECK(session.host.Send(MakeRequest(kCall, instance, Command("dh")), 0) != 0);
  int sent = 0;
  while (sent < 1000 && session.host.Send(MakeRequest(kCall, instance, Bytes(1000, 1)), 0) != 0) sent++;
  CHECK(sent > 40 && sent < 100 && session.host.broken() == nullptr);
}

void MillionCalls() {
  Session session;
  session.AwaitReady();
  uint32_t instance = session.New();
  std::vector<uint8_t> input = Bytes(16, 1);
  for (uint32_t i = 0; i < 1000000; i++) {
    memcpy(input.data(), &i, sizeof(i));
    uint64_t number = session.host.Send(MakeRequest(kCall, instance, input), Milliseconds(10000));
    Message answer;
    CHECK(session.host.Await(number, Milliseconds(10000), &answer) == Wait::kDone);
    CHECK(answer.record.size == 16 && memcmp(answer.bytes, input.data(), 16) == 0);
    session.host.Done();
  }
}

void Outcomes() {
  Session session(Fixture());
  session.AwaitReady();
  const auto call = [&](const char *command, int32_t *status) {
    uint32_t instance = session.New();
    std::string said = TextOf(session.Call(instance, Command(command), status));
    Record record;
    session.Do(MakeRequest(kDrop, instance, {}), &record);
    CHECK(record.status == TENON_OK);
    return said;
  };
  int32_t status;
  CHECK(call("fa message", &status) == "a message" && status == TENON_FAILED);
  CHECK(call("pp", &status) == "a panic" && status == TENON_PANIC);
  CHECK(call("bs", &status) == "" && status == kBadStatus);
  CHECK(call("bo", &status) == "" && status == kOverrun);
  CHECK(call("bl", &status) == "" && status == kBadLength);
  CHECK(call("bt", &status) == "" && status == kTampered);
  CHECK(call("bu", &status) == "" && status == kNotText);
  CHECK(call("ehello", &status) == "hello" && status == TENON_OK);
}

void AfterABreach() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t first = session.New(), second = session.New();
  int32_t status;
  session.Call(first, Command("bo"), &status);
  session.Call(first, Command("ehello"), &status);
  CHECK(status == kQuarantined);
  session.Call(second, Command("pp"), &status);
  session.Call(second, Command("ehello"), &status);
  CHECK(status == kPoisoned);
  CHECK(TextOf(session.Call(session.New(), Command("ehello"))) == "hello");
  session.Call(4711, Command("ehello"), &status);
  CHECK(status == kClosed);
  Record record;
  session.Do(MakeRequest(kDrop, first, {}), &record);
  session.Call(first, Command("ehello"), &status);
  CHECK(status == kClosed);
  CHECK(TextOf(session.Do(TextRequest(kNew, 0, "fail"), &record)) == "told to fail" && record.status == TENON_INVALID);
}

void OutputGrows() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  for (uint64_t size : {16384, 16392, 100000, 64 << 20, 150 << 20}) { /* the last one is larger than the ring */
    std::vector<uint8_t> output = session.Call(instance, Command("g" + std::to_string(size)));
    CHECK(output.size() == size);
    for (uint64_t at = 0; at + 8 <= size; at += 8) CHECK(memcmp(output.data() + at, &at, 8) == 0);
  }
}

void ExactSizes() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  Record record;
  std::vector<uint8_t> command = Command("e12345678");
  Request request = MakeRequest(kCall, instance, command);
  request.detail = 1 + 8;
  CHECK(session.Do(request, &record).size() == 8 && record.status == TENON_OK);
  request.detail = 1 + 4;
  CHECK(session.Do(request, &record).empty() && record.status == kBadRecord && record.detail == 8);
}

void Kinds() {
  Session session(Fixture());
  session.AwaitReady();
  Record record;
  session.Do(TextRequest(kMethodCount, 0, "fixture/1"), &record);
  CHECK(record.status == TENON_OK && record.detail == 2);
  session.Do(TextRequest(kMethodCount, 0, "unknown/1"), &record);
  CHECK(record.status == TENON_OK && record.detail == 0);
  CHECK(TextOf(session.Do(TextRequest(kMethodCount, 0, "broken/1"), &record)).find("slot 1 is NULL") != std::string::npos);
  CHECK(record.status == kBadTable);
  Request bind = TextRequest(kBind, 0, "fixture/1");
  bind.detail = 1;
  session.Do(bind, &record);
  CHECK(record.status == TENON_OK && record.method > 0);
  std::vector<uint8_t> command = Command("ehello");
  Request call = MakeRequest(kCall, session.New(), command);
  call.method = record.method;
  CHECK(TextOf(session.Do(call)) == "hello");
  call.method = 4711;
  session.Do(call, &record);
  CHECK(record.status == kBadRequest);
  bind.detail = 2;
  session.Do(bind, &record);
  CHECK(record.status == kMissingKind);
}

struct BatchResult {
  Record record;
  BatchAnswer answer;
  std::vector<int32_t> offsets, statuses;
  std::vector<uint8_t> data;
};

BatchResult DoBatch(Session &session, uint32_t instance, const std::vector<std::string> &messages) {
  uint32_t count = static_cast<uint32_t>(messages.size());
  std::vector<uint8_t> head(BatchRequestData(count));
  std::vector<int32_t> offsets = {100}; /* like those of a sliced column */
  std::string data;
  for (const std::string &message : messages) {
    data += message;
    offsets.push_back(static_cast<int32_t>(100 + data.size()));
  }
  BatchRequest start = {count, 0};
  memcpy(head.data(), &start, sizeof(start));
  memcpy(head.data() + sizeof(start), offsets.data(), offsets.size() * 4);
  Request request = MakeRequest(kBatch, instance, head);
  request.bytes.data[1] = reinterpret_cast<const uint8_t *>(data.data());
  request.bytes.size[1] = data.size();
  BatchResult result;
  result.offsets.resize(count + 1);
  result.statuses.resize(count);
  uint64_t number = session.host.Send(request, Milliseconds(10000));
  Message answer;
  CHECK(session.host.Await(number, Milliseconds(10000), &answer) == Wait::kDone);
  result.record = answer.record;
  CHECK(ChannelHost::TakeBatch(answer, count, result.offsets.data(), result.statuses.data(), &result.answer));
  result.data.assign(result.answer.data, result.answer.data + result.answer.size);
  session.host.Done();
  return result;
}

void Batches() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  CHECK(DoBatch(session, instance, {}).record.status == TENON_OK);
  BatchResult some = DoBatch(session, instance, {"ea", "", "fno", "ebcd"});
  CHECK(some.record.status == TENON_OK && some.answer.processed == 4 && TextOf(some.data) == "anobcd");
  CHECK((some.statuses == std::vector<int32_t>{0, 0, TENON_FAILED, 0}) && (some.offsets == std::vector<int32_t>{0, 1, 1, 3, 6}));
  std::vector<std::string> many(100000, "e" + std::string(500, 'x'));
  CHECK(DoBatch(session, instance, many).data.size() == 50000000);
  BatchResult stopped = DoBatch(session, instance, {"ea", "pp", "eb"});
  CHECK(stopped.record.status == TENON_PANIC && stopped.answer.processed == 2 && TextOf(stopped.data) == "aa panic");
  CHECK((stopped.statuses == std::vector<int32_t>{0, TENON_PANIC, TENON_POISONED}));
  BatchResult broken = DoBatch(session, session.New(), {"ea", "bs", "eb"});
  CHECK(broken.record.status == kBadStatus && broken.record.detail == 4711 && broken.answer.processed == 2);
  CHECK((broken.statuses == std::vector<int32_t>{0, TENON_POISONED, TENON_POISONED}) && TextOf(broken.data) == "a");
}

uint64_t Drain(Session &session, uint32_t operation) {
  uint64_t count = 0;
  Message event;
  while (session.host.NextEvent(&event)) {
    if (event.record.operation == operation) {
      if (operation == kEvent) CHECK(event.record.size == 8 && memcmp(event.bytes, &count, 8) == 0);
      count++;
    }
    session.host.EventDone();
  }
  CHECK(session.host.broken() == nullptr);
  return count;
}

void Events() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  for (int round = 0; round < 3; round++) {
    CHECK(TextOf(session.Call(instance, Command("E5000"))) == "1024"); /* then TENON_BUSY: nobody reads meanwhile */
    CHECK(Drain(session, kEvent) == 1024);
  }
  session.Call(instance, Command("L3000"));
  CHECK(Drain(session, kLog) == 1024);
  session.Do(MakeRequest(kPing, 0, {}));
  Message report;
  CHECK(session.host.NextEvent(&report) && report.record.status == TENON_LOG_WARN);
  CHECK(std::string(report.bytes, report.bytes + report.record.size) == "1976 log messages dropped: too many were waiting");
  session.host.EventDone();
}

bool Rings(int file, int timeout) {
  pollfd wake = {file, POLLIN, 0};
  return poll(&wake, 1, timeout) == 1;
}

void WakeUps() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  session.Call(instance, Command("ea"));
  CHECK(!Rings(session.host.wake_file(), 0)); /* nobody has asked */
  for (int round = 0; round < 1000; round++) {
    uint64_t numbers[3];
    for (uint64_t &number : numbers) number = session.host.Send(MakeRequest(kCall, instance, Command("ea")), 0);
    int taken = 0;
    while (taken < 3) {
      if (session.host.Arm()) CHECK(Rings(session.host.wake_file(), 10000));
      session.host.Disarm();
      Message answer;
      while (session.host.Next(&answer)) {
        CHECK(answer.record.number == numbers[taken++]);
        session.host.Done();
      }
    }
  }
  CHECK(session.host.Arm());
  session.Call(instance, Command("E1"));
  CHECK(Rings(session.host.wake_file(), 10000));
}

void Shutdown() {
  Session session(Fixture());
  session.AwaitReady();
  session.New();
  session.Do(MakeRequest(kShutdown, 0, {}));
  CHECK(session.Reap() == 0 && session.host.state() == RunnerState::kStopped);
}

void Refusals() {
  const auto refused = [](const Setup &setup) {
    Session session(setup);
    Message message;
    CHECK(session.host.Await(0, Milliseconds(10000), &message) == Wait::kDone && message.record.operation == kRefused);
    std::string text(message.bytes, message.bytes + message.record.size);
    session.host.Done();
    CHECK(session.Reap() == 0 && session.host.state() == RunnerState::kRefused);
    return text;
  };
  Setup setup;
  setup.abi = "1.2.0";
  CHECK(refused(setup) == "ERR_TENON_VERSION_MISMATCH\nit states the ABI \"1.0.0\", but stated \"1.2.0\" when it was admitted");
  setup = Setup();
  setup.name = "other";
  CHECK(refused(setup).rfind("ERR_TENON_BAD_NAME\n", 0) == 0);
  setup = Setup();
  setup.plugin = "missing";
  CHECK(refused(setup).rfind("ERR_TENON_LOAD_FAILED\nthe system's loader says", 0) == 0);
}

}  // namespace

int main() {
  Run("an echo of any size from 0 to 64 MiB is the input", AllSizes);
  Run("messages larger than the ring go in parts, both ways", LargerThanTheRing);
  Run("more calls in flight than either ring holds all get their answer", ManyInFlight);
  Run("a full ring is said at once when nobody wants to wait", NoRoomIsSaidAtOnce);
  Run("a million small calls", MillionCalls);
  Run("every status and every breach of the contract has its outcome", Outcomes);
  Run("an instance out of use refuses, others work on", AfterABreach);
  Run("output grows by reserve, also over the size of the ring", OutputGrows);
  Run("a result of another size than was asked for is a breach", ExactSizes);
  Run("methods of kinds are bound by slot, unusable tables are refused", Kinds);
  Run("a batch has a status each, and stops where the instance does", Batches);
  Run("events and log entries come in order and are bounded", Events);
  Run("an armed event loop is woken, once per drain", WakeUps);
  Run("a shutdown drops the instances and ends the runner", Shutdown);
  Run("a plugin that is not what it was is refused with a code", Refusals);
  return 0;
}
