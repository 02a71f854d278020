/* A host whose runner is hostile. Every wait ends, and the host reads nothing outside of the rings. Meant for
 * the sanitizers too. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <random>

#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

uint32_t Sum(const uint8_t *bytes, uint64_t size) {
  uint32_t sum = 0;
  for (uint64_t i = 0; i < size; i++) sum += bytes[i];
  return sum;
}

volatile uint32_t sink;

/* Does what a host does, again and again, no matter what it receives. Returns the reason for its end. */
std::string Live(Session &session, std::mt19937 &random) {
  std::vector<uint8_t> input = Bytes(random() % 3000, 1);
  uint64_t end = Now() + Milliseconds(60);
  while (Now() < end) {
    uint64_t number = session.host.Send(MakeRequest(kCall, 1, input), Milliseconds(1));
    Message message;
    Wait wait = session.host.Await(number == 0 ? random() % 4 : number, Milliseconds(2), &message);
    if (wait == Wait::kDone) {
      sink = Sum(message.bytes, message.record.size);
      int32_t offsets[11], statuses[10];
      BatchAnswer batch;
      if (ChannelHost::TakeBatch(message, 10, offsets, statuses, &batch)) sink = Sum(batch.data, batch.size);
      session.host.Done();
    }
    if (session.host.Arm()) session.host.Disarm();
    for (int i = 0; i < 50 && session.host.NextEvent(&message); i++) {
      sink = Sum(message.bytes, message.record.size);
      session.host.EventDone();
    }
    Breadcrumb crumb;
    CrashRecord crash;
    session.host.ReadBreadcrumb(&crumb);
    const uint8_t *at = session.host.InputAt(crumb.input_offset, crumb.input_size);
    if (at != nullptr) sink = Sum(at, crumb.input_size);
    if (session.host.ReadCrash(&crash)) CHECK(crash.frame_count <= kMaxFrames);
    session.host.Trim();
    if (session.host.broken() != nullptr) return session.host.broken();
    if (wait == Wait::kGone) return "gone";
  }
  return "still alive";
}

void Hostility() {
  setenv("TENON_RUNNER", getenv("TENON_HOSTILE_RUNNER"), 1);
  const char *count = getenv("TENON_SEEDS");
  std::vector<std::pair<std::string, int>> reasons;
  for (int seed = 1; seed <= (count == nullptr ? 150 : atoi(count)); seed++) {
    std::string number = std::to_string(seed);
    Setup setup;
    setup.abi = number.c_str();
    setup.channel.request_bytes = setup.channel.response_bytes = setup.channel.event_bytes = 64 * 1024;
    setup.channel.longest_answer = 1 << 20;
    Session session(setup);
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::string reason = Live(session, random);
    bool known = false;
    for (auto &one : reasons) {
      if (one.first == reason) one.second++, known = true;
    }
    if (!known) reasons.emplace_back(reason, 1);
  }
  for (const auto &one : reasons) printf("    %4d x %s\n", one.second, one.first.c_str());
}

}  // namespace

int main() {
  if (getenv("TENON_HOSTILE_RUNNER") == nullptr) return fputs("set TENON_HOSTILE_RUNNER\n", stderr), 2;
  Run("a runner that writes garbage, or answers wrongly, twice or never, does no harm", Hostility);
  return 0;
}
