/* A benchmark of the channel against the minimum for communication over shared memory: two processes, one
 * word each way, and the same 64 bytes copied in and out.
 *
 *     TENON_RUNNER=.../tenon-runner TENON_TEST_PLUGINS=... pingpong [ROUNDS]
 *
 * Prints one JSON object per line. Both ends spin as long as the channel's `latency` profile does, or sleep
 * on a futex at once. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

struct Side {
  alignas(64) std::atomic<uint32_t> turn;
  std::atomic<uint32_t> sleeps;
  alignas(64) uint8_t bytes[64];
};
struct Table {
  Side ping, pong;
};

void Await(Side *side, uint32_t turn, uint64_t spin) {
  const auto ready = [&] { return side->turn.load(std::memory_order_seq_cst) == turn; };
  while (!Spin(spin, ready)) Sleep(&side->sleeps, Now() + 100000000, ready);
}

void Pass(Side *side, uint32_t turn) {
  side->turn.store(turn, std::memory_order_seq_cst);
  tenon::Ring(&side->sleeps);
}

struct Times {
  double median, p99, worst;
};

Times TimesOf(std::vector<double> &samples) {
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples[samples.size() * 99 / 100], samples.back()};
}

void Print(const char *what, const Times &times, const char *unit) {
  printf("{\"what\":\"%s\",\"median\":%.3f,\"p99\":%.3f,\"max\":%.3f,\"unit\":\"%s\"}\n", what, times.median,
         times.p99, times.worst, unit);
  fflush(stdout);
}

/* Times single rounds. `scale` divides the nanoseconds of one round. */
template <typename Body>
Times Measure(int rounds, double scale, const Body &body) {
  for (int i = 0; i < rounds / 10 + 1; i++) body();
  std::vector<double> samples;
  for (int i = 0; i < rounds; i++) {
    uint64_t start = Now();
    body();
    samples.push_back(static_cast<double>(Now() - start) / scale);
  }
  return TimesOf(samples);
}

/* The bare exchange, with its other process. */
class PingPong {
 public:
  explicit PingPong(uint64_t spin) : spin_(spin) {
    void *memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    table_ = new (memory) Table();
    child_ = fork();
    if (child_ == 0) Answer();
  }
  ~PingPong() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    munmap(table_, 4096);
  }

  void Round() {
    memcpy(table_->ping.bytes, in_, 64);
    Pass(&table_->ping, ++turn_);
    Await(&table_->pong, turn_, spin_);
    memcpy(out_, table_->pong.bytes, 64);
  }

 private:
  [[noreturn]] void Answer() {
    for (uint32_t turn = 1;; turn++) {
      Await(&table_->ping, turn, spin_);
      memcpy(table_->pong.bytes, table_->ping.bytes, 64);
      Pass(&table_->pong, turn);
    }
  }

  uint64_t spin_;
  Table *table_;
  pid_t child_;
  uint8_t in_[64] = {1}, out_[64];
  uint32_t turn_ = 0;
};

void RoundTrip(Session &session, const Request &request, std::vector<uint8_t> &output) {
  uint64_t number = session.host.Send(request, Milliseconds(1000));
  Message answer;
  CHECK(session.host.Await(number, Milliseconds(1000), &answer) == Wait::kDone &&
        answer.record.size == output.size());
  memcpy(output.data(), answer.bytes, output.size());
  session.host.Done();
}

Times RoundTrips(Session &session, Operation operation, uint32_t instance, int rounds, size_t size) {
  std::vector<uint8_t> input = Bytes(size, 1), output(size);
  Request request = MakeRequest(operation, instance, input);
  return Measure(rounds, 1000, [&] { RoundTrip(session, request, output); });
}

/* Measures blocks of both in turn, because a busy machine moves processes between CPUs over time. The ratio
 * is the median of the blocks' ratios. */
void Compare(Session &session, uint32_t instance, int rounds, uint64_t spin, const std::string &with) {
  PingPong bare(spin);
  std::vector<double> bare_medians, call_medians, ratios;
  for (int block = 0; block < 20; block++) {
    double least = Measure(rounds / 20, 1000, [&] { bare.Round(); }).median;
    double call = RoundTrips(session, kCall, instance, rounds / 20, 64).median;
    bare_medians.push_back(least), call_medians.push_back(call), ratios.push_back(call / least);
  }
  Print(("bare ping-pong, 64 bytes" + with).c_str(), TimesOf(bare_medians), "us");
  Print(("channel, echo of 64 bytes" + with).c_str(), TimesOf(call_medians), "us");
  Print(("ratio of the two" + with).c_str(), TimesOf(ratios), "x");
}

Times Batches(Session &session, uint32_t instance, int rounds, uint32_t count, size_t size) {
  std::vector<uint8_t> data = Bytes(count * size, 1), head(BatchRequestData(count)), output(data.size());
  BatchRequest start = {count, 0};
  memcpy(head.data(), &start, sizeof(start));
  std::vector<int32_t> offsets(count + 1), result_offsets(count + 1), statuses(count);
  for (uint32_t i = 0; i <= count; i++) offsets[i] = static_cast<int32_t>(i * size);
  memcpy(head.data() + sizeof(start), offsets.data(), offsets.size() * 4);
  Request request = MakeRequest(kBatch, instance, head);
  request.bytes.data[1] = data.data();
  request.bytes.size[1] = data.size();
  return Measure(rounds, 1000.0 * count, [&] {
    uint64_t number = session.host.Send(request, Milliseconds(1000));
    Message answer;
    CHECK(session.host.Await(number, Milliseconds(1000), &answer) == Wait::kDone);
    BatchAnswer batch;
    CHECK(ChannelHost::TakeBatch(answer, count, result_offsets.data(), statuses.data(), &batch) &&
          batch.size == output.size());
    memcpy(output.data(), batch.data, batch.size);
    session.host.Done();
  });
}

Times Copies(int rounds, size_t size) {
  std::vector<uint8_t> from = Bytes(size, 2), to(size);
  return Measure(rounds, 1000, [&] {
    memcpy(to.data(), from.data(), size);
    __asm__ __volatile__("" : : "r"(to.data()) : "memory");
  });
}

Times Starts(int rounds) {
  return Measure(rounds, 1e6, [] {
    Session session;
    session.AwaitReady();
    uint32_t instance = session.New();
    CHECK(session.Call(instance, {1, 2, 3}).size() == 3);
  });
}

long ResidentKilobytes(pid_t pid, const char *field) {
  char name[64], line[256];
  snprintf(name, sizeof(name), "/proc/%d/status", pid);
  FILE *file = fopen(name, "r");
  long value = -1;
  while (file != nullptr && fgets(line, sizeof(line), file) != nullptr) {
    if (strncmp(line, field, strlen(field)) == 0) value = atol(line + strlen(field) + 1);
  }
  if (file != nullptr) fclose(file);
  return value;
}

}  // namespace

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 20000;
  for (const char *profile : {"latency", "efficient"}) {
    Setup setup;
    setup.profile = profile;
    setup.channel.profile = strcmp(profile, "latency") == 0 ? Profile::kLatency : Profile::kEfficient;
    int some = setup.channel.profile == Profile::kLatency ? rounds : rounds / 10;
    std::string with = std::string(" (") + profile + ")";
    Session session(setup);
    session.AwaitReady();
    uint32_t instance = session.New();
    Compare(session, instance, some, SpinTime(setup.channel.profile), with);
    Print(("channel, answered by the runner itself" + with).c_str(), RoundTrips(session, kPing, 0, some, 64),
          "us");
    Print(("channel, batch of 1000 x 64 bytes, per message" + with).c_str(),
          Batches(session, instance, some / 50, 1000, 64), "us");
    printf("{\"what\":\"runner RSS%s\",\"kB\":%ld,\"anonymous kB\":%ld}\n", with.c_str(),
           ResidentKilobytes(session.pid, "VmRSS"), ResidentKilobytes(session.pid, "RssAnon"));
    Print(("channel, echo of 1 MiB" + with).c_str(), RoundTrips(session, kCall, instance, some / 50, 1 << 20),
          "us");
  }
  Print("memcpy of 2 MiB", Copies(rounds / 50, 2 << 20), "us");
  Print("start to first answer", Starts(50), "ms");
  return 0;
}
