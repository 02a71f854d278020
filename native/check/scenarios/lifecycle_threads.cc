/* Scenarios of group `lifecycle`: instances that move to other threads. */
#include <unistd.h>

#include <future>
#include <memory>

#include "check/on_thread.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* Runs `work` on a new thread that lives as long as the process. */
template <typename Work>
void OnLastingThread(Work work) {
  auto worked = std::make_shared<std::promise<void>>();
  Thread([=] {
    work();
    worked->set_value();
    for (;;) pause();
  }).Detach();
  worked->get_future().wait();
}

/* An instance, and the result of its calls on the thread that made it. */
class Traveller {
 public:
  explicit Traveller(Plugin &plugin) : plugin_(plugin) {}

  void Make() {
    plugin_.report().Stage("new on a thread of its own");
    instance_.reset(new Instance(plugin_, host_.get(), plugin_.options().config));
    if (!instance_->ok()) return;
    plugin_.report().Stage("calls on the thread that new was called on");
    before_ = Call();
    steady_ = Call().outcome == before_.outcome;
  }

  /* Ends the process if `new` failed. Call it after Make, on the thread of the scenario. */
  void Require() { plugin_.RequireInstance(*instance_); }

  /* Reports a finding if a call has another result than before. `where` ends the sentence. */
  void CallElsewhere(const std::string &where) {
    plugin_.report().Stage("call " + where);
    CallResult now = Call();
    if (!steady_ || now.outcome == before_.outcome) return;
    plugin_.report().Finding("A call " + where + " returned " + std::to_string(now.status) + " with " +
                             Quote(now.bytes) + ", expected " + std::to_string(before_.status) +
                             " as before");
  }

  void Drop(const std::string &where) {
    plugin_.report().Stage("drop " + where);
    instance_->Drop();
  }

 private:
  CallResult Call() { return instance_->Call(plugin_.options().input()); }

  Plugin &plugin_;
  Host host_;
  std::unique_ptr<Instance> instance_;
  CallResult before_;
  bool steady_ = false;
};

void MovedThread(Plugin &plugin) {
  plugin.Load();
  Traveller traveller(plugin);
  OnLastingThread([&] { traveller.Make(); });
  traveller.Require();
  OnLastingThread([&] { traveller.CallElsewhere("on another thread than new"); });
  OnLastingThread([&] { traveller.Drop("on a third thread"); });
}

void ThreadExit(Plugin &plugin) {
  plugin.Load();
  Traveller traveller(plugin);
  OnThreads(1, [&](size_t) { traveller.Make(); });
  traveller.Require();
  OnThreads(1, [&](size_t) { traveller.CallElsewhere("after the thread of new has ended"); });
  traveller.CallElsewhere("after all threads that it was on have ended");
  traveller.Drop("after all threads that it was called on have ended");
}

}  // namespace

const ScenarioEntry kMovingScenarios[] = {
    {"lifecycle/moved-thread", MovedThread},
    {"lifecycle/thread-exit", ThreadExit},
    {nullptr, nullptr},
};

}  // namespace tenon::check
