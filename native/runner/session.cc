#include "runner/session.h"

#include "plugin/float_mode.h"
#include "runner/crash.h"
#include "runner/emitter.h"
#include "runner/server.h"
#include "runner/standard_output.h"

namespace tenon {

bool Session::Admit() {
  /* Calls must give the same results as in the other tiers, where the mode belongs to the host. */
  FloatMode mode;
  bool admitted = RunGates();
  mode.Restore();
  return admitted;
}

int Session::Run() {
  Emitter::Start(link_, options_.queue, options_.origin);
  link_->SetState(RunnerState::kReady);
  Say(kReady, "");
  Server server(link_, &gates_, options_.longest_answer);
  bool stopped = server.Run();
  ExpectExit();
  link_->SetState(stopped ? RunnerState::kStopped : RunnerState::kBroken);
  if (!stopped) link_->Alarm();
  FlushOutput();
  return stopped ? 0 : 1;
}

bool Session::RunGates() {
  At(Stage::kOpen);
  if (!gates_.Open(options_.file.c_str())) return Refuse(gates_.refusal());
  WatchPlugin(gates_.entry());
  At(Stage::kVersion);
  if (!gates_.Version()) return Refuse(gates_.refusal());
  if (gates_.version() != options_.abi)
    return RefuseDifferent("ERR_TENON_VERSION_MISMATCH", "ABI", gates_.version(), options_.abi);
  At(Stage::kName);
  if (!gates_.Name()) return Refuse(gates_.refusal());
  if (gates_.name() != options_.name)
    return RefuseDifferent("ERR_TENON_BAD_NAME", "name", gates_.name(), options_.name);
  At(Stage::kVtable);
  if (!gates_.Vtable()) return Refuse(gates_.refusal());
  At(Stage::kIdle);
  return true;
}

void Session::At(Stage stage) {
  StoreWord(&link_->breadcrumb().stage, static_cast<uint32_t>(stage));
  link_->Show();
}

void Session::Say(Operation operation, const std::string &text) {
  Record record = {};
  record.operation = operation;
  link_->Send(record, reinterpret_cast<const uint8_t *>(text.data()), text.size());
}

bool Session::Refuse(const Refusal &refusal) {
  ExpectExit();
  FlushOutput();
  Say(kRefused, std::string(refusal.code) + "\n" + refusal.message);
  link_->SetState(RunnerState::kRefused);
  return false;
}

/* Refuses a plugin whose answer differs from the one that the host admitted. */
bool Session::RefuseDifferent(const char *code, const char *what, const std::string &found,
                              const std::string &expected) {
  return Refuse({code, std::string("it states the ") + what + " " + Quote(found) + ", but stated " +
                           Quote(expected) + " when it was admitted"});
}

}  // namespace tenon
