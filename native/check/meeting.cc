#include "check/meeting.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "check/clock.h"
#include "check/on_thread.h"
#include "check/procfs.h"

namespace tenon::check {
namespace {

/* A thread that has waited through this many looks in a row waits for something that the stopped thread holds. */
constexpr int kWaitingLooks = 8;
constexpr long kBetweenLooks = 50'000; /* nanoseconds */
/* The processor time after which work is taken for a loop that waits, in nanoseconds. */
constexpr uint64_t kLongestWork = 20'000'000;
/* Two threads that have waited through this many looks in a row will wait forever. */
constexpr int kStuckLooks = 200;
constexpr uint64_t kStuckLookMs = 10;

/* Returns whether the thread waits. Async-signal-safe. */
bool Waits(pid_t thread) {
  char path[64], text[256];
  snprintf(path, sizeof(path), "/proc/self/task/%d/stat", static_cast<int>(thread));
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  text[length < 0 ? 0 : length] = '\0';
  const char *name_end = strrchr(text, ')');
  return name_end != nullptr && name_end[1] == ' ' && name_end[2] == 'S';
}

uint64_t ProcessorTime(clockid_t clock) {
  timespec used = {};
  clock_gettime(clock, &used);
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(used.tv_nsec);
}

pid_t ThreadId() {
  return static_cast<pid_t>(syscall(SYS_gettid));
}

/* Work that runs on a thread of its own when it is asked for. */
class Other {
 public:
  explicit Other(const Meeting &meeting) : meeting_(meeting) {
    sem_init(&asked_for_, 0, 0);
    thread_ = std::thread([this] { OnThreads(1, [this](size_t) { Work(); }); });
    while (id_ == 0) sched_yield();
  }

  /* Asks for the work once, and returns when it has run, or waits for the calling thread. Async-signal-safe. */
  void RunOnce() {
    if (done_ != asked_ && !CameBack()) return;
    asked_++;
    const uint64_t before = ProcessorTime(clock_);
    sem_post(&asked_for_);
    for (int waiting = 0; done_ != asked_ && waiting < kWaitingLooks;) {
      sched_yield();
      if (done_ == asked_) return;
      if (ProcessorTime(clock_) - before > kLongestWork) return;
      if (begun_ != asked_) continue;
      const timespec pause = {0, kBetweenLooks};
      nanosleep(&pause, nullptr);
      waiting = Waits(id_) ? waiting + 1 : 0;
    }
  }

  bool works() const { return done_ != asked_; }
  bool ended() const { return ended_; }
  pid_t id() const { return id_; }

  /* Lets the thread run the last part and end. */
  void Finish() {
    finishing_ = true;
    sem_post(&asked_for_);
  }
  void Join() {
    thread_.join();
    sem_destroy(&asked_for_);
  }
  /* Leaves the thread as it is. */
  void Abandon() { thread_.detach(); }

 private:
  void Work() {
    pthread_getcpuclockid(pthread_self(), &clock_);
    id_ = ThreadId();
    for (;;) {
      while (sem_wait(&asked_for_) != 0) {
      }
      if (finishing_ && begun_ == asked_) break;
      begun_++;
      if (meeting_.other) meeting_.other();
      done_++;
    }
    if (meeting_.finally) meeting_.finally();
    ended_ = true;
  }

  /* Returns whether the work that had to wait is done now. */
  bool CameBack() const {
    const timespec pause = {0, kBetweenLooks};
    if (!Waits(id_)) nanosleep(&pause, nullptr);
    return done_ == asked_;
  }

  const Meeting &meeting_;
  sem_t asked_for_;
  clockid_t clock_ = 0;
  std::atomic<uint64_t> asked_{0}, begun_{0}, done_{0};
  std::atomic<bool> finishing_{false}, ended_{false};
  std::atomic<pid_t> id_{0};
  std::thread thread_;
};

/* Returns the number of times that the thread has begun to wait. */
long Switches(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/status";
  std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "re"), fclose);
  char line[256];
  long count = 0;
  while (file != nullptr && fgets(line, sizeof(line), file.get()) != nullptr)
    if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1) break;
  return count;
}

/* Notices that two threads wait and nothing wakes them. */
class StuckLook {
 public:
  bool Look(pid_t first, pid_t second) {
    const long now = Switches(first) + Switches(second);
    const bool waits = Waits(first) && Waits(second) && now == switches_;
    switches_ = now;
    looks_ = waits ? looks_ + 1 : 0;
    return looks_ >= kStuckLooks;
  }

 private:
  long switches_ = -1;
  int looks_ = 0;
};

/* State that threads which are stuck may use until the process ends. */
struct Shared {
  explicit Shared(const Meeting &of) : meeting(of), other(meeting) {}
  Meeting meeting;
  Other other;
  StepPlan plan;
  StepCount count;
  std::atomic<pid_t> stopped{0};
  std::atomic<bool> done{false};
};

void RunStopped(Shared *shared) {
  OnThreads(1, [shared](size_t) {
    shared->stopped = ThreadId();
    shared->count = RunInSteps(shared->plan, shared->meeting.stopped);
  });
  shared->done = true;
}

}  // namespace

MeetingEnd Meet(const Meeting &meeting, uint64_t first, uint64_t every) {
  Shared &shared = *new Shared(meeting);
  shared.plan.code = shared.meeting.code;
  shared.plan.first = first;
  shared.plan.every = shared.meeting.other ? every : 0;
  shared.plan.stop = [](void *other) { static_cast<Other *>(other)->RunOnce(); };
  shared.plan.argument = &shared.other;
  std::thread stopped([&shared] { RunStopped(&shared); });
  StuckLook look;
  bool asked = false;
  while (!shared.done || !shared.other.ended()) {
    if (shared.done && !asked) {
      shared.other.Finish();
      asked = true;
    }
    SleepMs(asked ? 1 : kStuckLookMs / 10);
    if (shared.done || shared.stopped == 0 || !shared.other.works()) continue;
    SleepMs(kStuckLookMs);
    if (!look.Look(shared.stopped, shared.other.id())) continue;
    stopped.detach();
    shared.other.Abandon();
    return {shared.count, true};
  }
  stopped.join();
  shared.other.Join();
  MeetingEnd end = {shared.count, false};
  delete &shared;
  return end;
}

}  // namespace tenon::check
