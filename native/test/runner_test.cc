/* A host and a real runner: messages of all sizes, in any number. */
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "plugin/output.h"
#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

std::vector<uint8_t> Command(const std::string &text) {
  return std::vector<uint8_t>(text.begin(), text.end());
}

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

/* Sends while more answers are due than the ring holds. Neither side may wait for the other forever. */
void ManyInFlight() {
  Setup setup;
  setup.channel.request_bytes = setup.channel.response_bytes = 256 * 1024;
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  std::vector<uint64_t> numbers;
  std::vector<uint8_t> input = Bytes(50000, 7);
  for (int i = 0; i < 200; i++)
    numbers.push_back(session.host.Send(MakeRequest(kCall, instance, input), Milliseconds(10000)));
  for (size_t i = numbers.size(); i-- > 0;) { /* in any order */
    Message answer;
    CHECK(numbers[i] != 0 && session.host.Await(numbers[i], Milliseconds(10000), &answer) == Wait::kDone);
    CHECK(answer.record.size == input.size() && memcmp(answer.bytes, input.data(), input.size()) == 0);
    session.host.Done();
  }
}

void FullRingIsReportedAtOnce() {
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

void OutputGrows() {
  Session session(Fixture());
  session.AwaitReady();
  uint32_t instance = session.New();
  /* The last size is larger than the ring. */
  for (uint64_t size : {16384, 16392, 100000, 64 << 20, 150 << 20}) {
    std::vector<uint8_t> output = session.Call(instance, Command("g" + std::to_string(size)));
    CHECK(output.size() == size);
    for (uint64_t at = 0; at + 8 <= size; at += 8) CHECK(memcmp(output.data() + at, &at, 8) == 0);
  }
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
  CHECK(!Rings(session.host.news_file(), 0)); /* not armed */
  for (int round = 0; round < 1000; round++) {
    uint64_t numbers[3];
    for (uint64_t &number : numbers)
      number = session.host.Send(MakeRequest(kCall, instance, Command("ea")), 0);
    int taken = 0;
    while (taken < 3) {
      if (session.host.Arm()) CHECK(Rings(session.host.news_file(), 10000));
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
  CHECK(Rings(session.host.news_file(), 10000));
}

/* The host stops between two parts of a request, for longer than the runner keeps memory that it does not use. */
void StopsBetweenParts() {
  Setup setup;
  setup.channel.request_bytes = setup.channel.response_bytes = 256 * 1024;
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  for (size_t size : {262081, 1000000, 20000000}) {
    std::vector<uint8_t> input = Bytes(size, static_cast<uint32_t>(size));
    bool exhausted = true;
    uint64_t number = session.host.Post(MakeRequest(kCall, instance, input), &exhausted);
    CHECK(number != 0 && !exhausted && session.host.has_rest());
    usleep(250000);
    while (!session.host.SendRest(kNever)) {
      if (session.host.Arm() && !session.host.SendRest(kNever)) CHECK(Rings(session.host.news_file(), 10000));
      session.host.Disarm();
    }
    Message answer;
    CHECK(session.host.Await(number, Milliseconds(10000), &answer) == Wait::kDone);
    CHECK(answer.record.size == size && memcmp(answer.bytes, input.data(), size) == 0);
    session.host.Done();
  }
}

/* A runner that has no memory for a request in parts says so, and keeps working. */
void NoMemoryForParts() {
  Setup setup;
  setup.channel.request_bytes = 256 * 1024;
  setup.more = {"--memory", "33554432"};
  Session session(setup);
  session.AwaitReady();
  uint32_t instance = session.New();
  rlimit space = {1 << 20, 1 << 20}; /* no mapping can be added */
  CHECK(prlimit(static_cast<pid_t>(session.host.facts().pid.load()), RLIMIT_AS, &space, nullptr) == 0);
  std::vector<uint8_t> large = Bytes(20 << 20, 1), small = Bytes(100, 2);
  Record record;
  session.Do(MakeRequest(kCall, instance, large), &record);
  CHECK(record.status == kExhausted && record.detail == kInRunner);
  CHECK(session.Call(instance, small) == small);
}

void Shutdown() {
  Session session(Fixture());
  session.AwaitReady();
  session.New();
  session.Do(MakeRequest(kShutdown, 0, {}));
  CHECK(session.Reap() == 0 && session.host.state() == RunnerState::kStopped);
}

}  // namespace

int main() {
  Run("an echo of any size from 0 to 64 MiB is the input", AllSizes);
  Run("messages larger than the ring are sent in parts, both ways", LargerThanTheRing);
  Run("more calls in flight than either ring holds are all answered", ManyInFlight);
  Run("a full ring is reported at once when the timeout is 0", FullRingIsReportedAtOnce);
  Run("a million small calls", MillionCalls);
  Run("output grows by reserve, even beyond the size of the ring", OutputGrows);
  Run("an armed event loop is woken, once per drain", WakeUps);
  Run("a host that stops between the parts of a request goes on where it stopped", StopsBetweenParts);
  Run("a request that the runner has no memory for is answered", NoMemoryForParts);
  Run("a shutdown drops the instances and ends the runner", Shutdown);
  return 0;
}
