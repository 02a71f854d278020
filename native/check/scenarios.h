/* All scenarios, by the id of their check. */
#ifndef TENON_CHECK_SCENARIOS_H
#define TENON_CHECK_SCENARIOS_H

#include <string>

#include "check/plugin.h"

namespace tenon::check {

/* Each group ends with an entry without an id. */
extern const ScenarioEntry kAbiScenarios[];
extern const ScenarioEntry kExtensionScenarios[];
extern const ScenarioEntry kHostScenarios[];
extern const ScenarioEntry kLifecycleScenarios[];
extern const ScenarioEntry kConfigScenarios[];
extern const ScenarioEntry kMovingScenarios[];
extern const ScenarioEntry kCopyScenarios[];
/* Group `calls` */
extern const ScenarioEntry kCallScenarios[];
extern const ScenarioEntry kCallInputScenarios[];
extern const ScenarioEntry kCallOutputScenarios[];
extern const ScenarioEntry kCallMethodScenarios[];
extern const ScenarioEntry kCallMemoryScenarios[];
extern const ScenarioEntry kCallSuccessScenarios[];
extern const ScenarioEntry kCallHistoryScenarios[];
extern const ScenarioEntry kCallHeapScenarios[];
extern const ScenarioEntry kSurroundingScenarios[];
extern const ScenarioEntry kKindScenarios[];
extern const ScenarioEntry kFlowScenarios[];
/* Group `state` */
extern const ScenarioEntry kStateScenarios[];
extern const ScenarioEntry kStateDamageScenarios[];
/* Group `threads` */
extern const ScenarioEntry kThreadScenarios[];
extern const ScenarioEntry kThreadEventScenarios[];
extern const ScenarioEntry kThreadDropScenarios[];
/* Group `resources` */
extern const ScenarioEntry kSettingScenarios[];
extern const ScenarioEntry kLeftoverScenarios[];
extern const ScenarioEntry kBelongingScenarios[];
extern const ScenarioEntry kLeakScenarios[];
extern const ScenarioEntry kFailingLeakScenarios[];
extern const ScenarioEntry kNoiseScenarios[];
extern const ScenarioEntry kTimeScenarios[];
extern const ScenarioEntry kStackScenarios[];
extern const ScenarioEntry kFuzzScenarios[];
extern const ScenarioEntry kSanitizeScenarios[];

/* Returns the scenario, or NULL if there is no such scenario. */
Scenario FindScenario(const std::string &id);

}  // namespace tenon::check

#endif
