/* The baseline of the process tier, as a program that its parent controls: each line on its standard input is
 * a command, and each line on its standard output is the answer.
 *
 *     spin MILLISECONDS    two processes pass 64 bytes back and forth over shared memory, spinning;
 *                          the answer is the time of one round trip in nanoseconds
 *     sleep MILLISECONDS   the same, sleeping on a futex between two passes
 *
 * As `pingpong echo` it sends back what it reads, for a round trip over a UNIX socket. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <vector>

#include "channel/bell.h"

namespace {

using namespace tenon;

constexpr uint64_t kAwake = 500000; /* nanoseconds: the spin time of the profile `latency` */

struct Side {
  alignas(64) std::atomic<uint32_t> turn;
  std::atomic<uint32_t> sleeps;
  alignas(64) uint8_t bytes[64];
};
struct Table {
  Side ping, pong;
  std::atomic<uint32_t> awake;
};

void Await(const Table *table, Side *side, uint32_t turn) {
  const auto ready = [&] { return side->turn.load(std::memory_order_seq_cst) == turn; };
  while (!Spin(table->awake.load(std::memory_order_relaxed) != 0 ? kAwake : 0, ready)) {
    Sleep(&side->sleeps, Now() + 100000000, ready);
  }
}

void Pass(Side *side, uint32_t turn) {
  side->turn.store(turn, std::memory_order_seq_cst);
  tenon::Ring(&side->sleeps);
}

[[noreturn]] void Answer(Table *table) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (uint32_t turn = 1;; turn++) {
    Await(table, &table->ping, turn);
    memcpy(table->pong.bytes, table->ping.bytes, 64);
    Pass(&table->pong, turn);
  }
}

/* Returns the median of slices of 16 rounds, as many as fit. In a mean, one bad moment of a busy machine
 * would dominate. */
double Rounds(Table *table, uint32_t *turn, uint64_t nanoseconds) {
  constexpr int kSlice = 16;
  uint8_t in[64] = {1}, out[64];
  std::vector<double> slices;
  uint64_t start = Now(), last = start;
  while (last - start < nanoseconds) {
    for (int i = 0; i < kSlice; i++) {
      memcpy(table->ping.bytes, in, 64);
      Pass(&table->ping, ++*turn);
      Await(table, &table->pong, *turn);
      memcpy(out, table->pong.bytes, 64);
    }
    uint64_t now = Now();
    slices.push_back(static_cast<double>(now - last) / kSlice);
    last = now;
  }
  std::nth_element(slices.begin(), slices.begin() + static_cast<long>(slices.size() / 2), slices.end());
  return slices[slices.size() / 2];
}

int Echo() {
  static char bytes[1 << 16];
  for (;;) {
    ssize_t size = read(0, bytes, sizeof(bytes));
    if (size <= 0) return 0;
    for (ssize_t done = 0; done < size;) {
      ssize_t written = write(1, bytes + done, static_cast<size_t>(size - done));
      if (written <= 0) return 1;
      done += written;
    }
  }
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "echo") == 0) return Echo();
  void *memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  Table *table = new (memory) Table();
  if (fork() == 0) Answer(table);
  char order[16];
  unsigned milliseconds;
  uint32_t turn = 0;
  while (scanf("%15s %u", order, &milliseconds) == 2) {
    table->awake.store(strcmp(order, "spin") == 0, std::memory_order_relaxed);
    printf("%.1f\n", Rounds(table, &turn, uint64_t{milliseconds} * 1000000));
    fflush(stdout);
  }
  return 0;
}
