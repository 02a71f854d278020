#include "check/scenarios.h"

namespace tenon::check {

Scenario FindScenario(const std::string &id) {
  const ScenarioEntry *const groups[] = {
      kAbiScenarios,         kExtensionScenarios,   kHostScenarios,        kLifecycleScenarios,
      kConfigScenarios,      kMovingScenarios,      kCopyScenarios,        kCallScenarios,
      kCallInputScenarios,   kCallOutputScenarios,  kCallMethodScenarios,  kThreadScenarios,
      kThreadEventScenarios, kSettingScenarios,     kLeftoverScenarios,    kLeakScenarios,
      kNoiseScenarios,       kTimeScenarios,        kStackScenarios,       kFuzzScenarios,
      kSanitizeScenarios,    kBelongingScenarios,   kThreadDropScenarios,  kFailingLeakScenarios,
      kCallMemoryScenarios,  kCallSuccessScenarios, kSurroundingScenarios, kKindScenarios,
      kStateScenarios,       kStateDamageScenarios, kCallHistoryScenarios, kCallHeapScenarios,
      kFlowScenarios,
  };
  for (const ScenarioEntry *group : groups) {
    for (const ScenarioEntry *entry = group; entry->id != nullptr; entry++) {
      if (id == entry->id) return entry->run;
    }
  }
  return nullptr;
}

}  // namespace tenon::check
