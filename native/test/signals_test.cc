/* Waits that signals interrupt, and go on. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/uninterrupted.h"
#include "support.h"

namespace {

using namespace tenon;
using namespace tenon::test;

/* Sends signals with a handler to the thread that makes it, one after the other or with a pause between them. */
class Interrupter {
 public:
  explicit Interrupter(std::chrono::microseconds pause) {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR2, &action, nullptr);
    const long target = syscall(SYS_gettid);
    thread_ = std::thread([this, target, pause] {
      while (!stop_) {
        syscall(SYS_tgkill, getpid(), target, SIGUSR2);
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
      }
    });
  }
  ~Interrupter() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

constexpr std::chrono::microseconds kPause{500};

void LooksAtARunner() {
  Session session;
  session.AwaitReady();
  Interrupter interrupter(std::chrono::microseconds(0));
  for (int i = 0; i < 1000000; i++) CHECK(session.host.IsAlive());
}

void WaitsForTheWholeTime() {
  int ends[2];
  CHECK(pipe(ends) == 0);
  pollfd file = {ends[0], POLLIN, 0};
  Interrupter interrupter(kPause);
  const uint64_t start = Now();
  CHECK(!PollFor(&file, 50));
  CHECK(Now() - start >= Milliseconds(50));
  CHECK(write(ends[1], "x", 1) == 1 && PollFor(&file, 10000));
  close(ends[0]);
  close(ends[1]);
}

void Reads() {
  int ends[2];
  CHECK(pipe(ends) == 0);
  Interrupter interrupter(kPause);
  std::thread writer([end = ends[1]] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(write(end, "x", 1) == 1);
  });
  char byte = 0;
  CHECK(Uninterrupted([&] { return read(ends[0], &byte, 1); }) == 1 && byte == 'x');
  writer.join();
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main() {
  Run("a runner that lives is never taken for ended", LooksAtARunner);
  Run("a wait lasts until its time is over or the file is ready", WaitsForTheWholeTime);
  Run("a call is repeated", Reads);
  return 0;
}
