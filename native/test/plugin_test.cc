/* A host and a real runner: what a plugin does right and wrong. */
#include <string.h>

#include "plugin/output.h"
#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

std::string TextOf(const std::vector<uint8_t> &bytes) {
  return std::string(bytes.begin(), bytes.end());
}
std::vector<uint8_t> Command(const std::string &text) {
  return std::vector<uint8_t>(text.begin(), text.end());
}

Setup Fixture() {
  Setup setup;
  setup.plugin = "fixture";
  return setup;
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

void AfterAViolation() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t first = session.New(), second = session.New();
  int32_t status;
  session.Call(first, Command("bo"), &status);
  session.Call(first, Command("ehello"), &status);
  CHECK(status == kDisabled);
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
  CHECK(TextOf(session.Do(TextRequest(kNew, 0, "fail"), &record)) == "asked to fail" &&
        record.status == TENON_INVALID);
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
  CHECK(TextOf(session.Do(TextRequest(kMethodCount, 0, "broken/1"), &record)).find("slot 1 is NULL") !=
        std::string::npos);
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
  std::vector<int32_t> offsets = {100}; /* as in a sliced column */
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
  CHECK((some.statuses == std::vector<int32_t>{0, 0, TENON_FAILED, 0}) &&
        (some.offsets == std::vector<int32_t>{0, 1, 1, 3, 6}));
  std::vector<std::string> many(100000, "e" + std::string(500, 'x'));
  CHECK(DoBatch(session, instance, many).data.size() == 50000000);
  BatchResult stopped = DoBatch(session, instance, {"ea", "pp", "eb"});
  CHECK(stopped.record.status == TENON_PANIC && stopped.answer.processed == 2 &&
        TextOf(stopped.data) == "aa panic");
  CHECK((stopped.statuses == std::vector<int32_t>{0, TENON_PANIC, TENON_POISONED}));
  BatchResult broken = DoBatch(session, session.New(), {"ea", "bs", "eb"});
  CHECK(broken.record.status == kBadStatus && broken.record.detail == 4711 && broken.answer.processed == 2);
  CHECK((broken.statuses == std::vector<int32_t>{0, TENON_POISONED, TENON_POISONED}) &&
        TextOf(broken.data) == "a");
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
    /* Then TENON_BUSY, because the host does not read meanwhile. */
    CHECK(TextOf(session.Call(instance, Command("E5000"))) == "1024");
    CHECK(Drain(session, kEvent) == 1024);
  }
  session.Call(instance, Command("L3000"));
  CHECK(Drain(session, kLog) == 1024);
  session.Do(MakeRequest(kPing, 0, {}));
  Message report;
  CHECK(session.host.NextEvent(&report) && report.record.status == TENON_LOG_WARN);
  CHECK(std::string(report.bytes, report.bytes + report.record.size) ==
        "1976 log messages dropped: too many were waiting");
  session.host.EventDone();
}

void Refusals() {
  const auto refused = [](const Setup &setup) {
    Session session(setup);
    Message message;
    CHECK(session.host.Await(0, Milliseconds(10000), &message) == Wait::kDone &&
          message.record.operation == kRefused);
    std::string text(message.bytes, message.bytes + message.record.size);
    session.host.Done();
    CHECK(session.Reap() == 0 && session.host.state() == RunnerState::kRefused);
    return text;
  };
  Setup setup;
  setup.abi = "1.2.0";
  CHECK(refused(setup) ==
        "ERR_TENON_VERSION_MISMATCH\nit states the ABI \"1.0.0\", but stated \"1.2.0\" when it was admitted");
  setup = Setup();
  setup.name = "other";
  CHECK(refused(setup).rfind("ERR_TENON_BAD_NAME\n", 0) == 0);
  setup = Setup();
  setup.plugin = "missing";
  CHECK(refused(setup).rfind("ERR_TENON_LOAD_FAILED\nthe system's loader says", 0) == 0);
}

}  // namespace

int main() {
  Run("every status and every violation of the contract has its outcome", Outcomes);
  Run("a disabled or poisoned instance refuses calls, and others keep working", AfterAViolation);
  Run("a result of a different size than requested is a violation", ExactSizes);
  Run("methods of kinds are bound by slot, unusable tables are refused", Kinds);
  Run("a batch has a status per message, and stops where the instance does", Batches);
  Run("events and log entries arrive in order and are bounded", Events);
  Run("a plugin that changed since its admission is refused with a code", Refusals);
  return 0;
}
