/* The life of an instance whose state is moved: calls, what save returns, and the same calls once more. */
#ifndef TENON_CHECK_LIVES_H
#define TENON_CHECK_LIVES_H

#include <stdint.h>

#include <string>
#include <vector>

#include "check/methods.h"
#include "check/plugin.h"

namespace tenon::check {

/* The methods of the kind state/1. */
struct StateMethods {
  tenon_method save, restore;
};

/* Loads the plugin, and returns its methods. Ends the process as skipped if there are none. */
StateMethods RequireState(Plugin &plugin);

/* A call of `something`, or of a method of another kind. */
struct LifeCall {
  tenon_method method;
  std::string name; /* "call with "abc"" */
  std::string input;
};

/* Returns the calls of a life: with varied inputs, and with records for the methods. Methods of cursors are left out,
 * because the numbers of cursors are not a state. */
std::vector<LifeCall> CallsOfLife(Plugin &plugin);

/* Makes the calls one after the other. `when` is a part of the stage, such as "after restore". */
std::vector<CallResult> MakeCalls(Plugin &plugin, Instance &instance, const std::vector<LifeCall> &calls,
                                  const std::string &when);

/* A saved state: the record that save returns and restore takes. */
struct SavedState {
  uint32_t format = 0;
  std::string data;
};
/* Reads the record. Returns false if it is not one. */
bool ReadState(const std::string &record, SavedState *state);
/* Returns the record of a state. */
std::string RecordOf(const SavedState &state);

/* Calls save. A failure, or a result that is not a record, is a finding, and then false is returned. A plugin that does
 * not support it ends the process as skipped. */
bool Save(Plugin &plugin, Instance &instance, const StateMethods &methods, const std::string &when,
          std::string *record);

/* Restores a state that save has returned. A failure is a finding, and then false is returned. */
bool Restore(Plugin &plugin, Instance &instance, const StateMethods &methods, const std::string &record);

/* A life in which the calls were made, the state was saved, and the calls were made again. */
struct Life {
  std::string saved;
  std::vector<CallResult> answers; /* to the later calls */
};
/* Lives. Returns false if save failed, which is a finding. */
bool Live(Plugin &plugin, const StateMethods &methods, const std::vector<LifeCall> &calls, Life *life);

/* The first call whose result differs from the expected one. */
struct LifeDifference {
  bool found = false;
  size_t call = 0;
  CallResult result, expected;
};
/* Compares results. `other` is from an instance that should have answered like the expected one: results that differ
 * there change by themselves, and are not compared. */
LifeDifference CompareLives(const std::vector<CallResult> &found, const std::vector<CallResult> &expected,
                            const std::vector<CallResult> &other);
/* Reports a difference, if there is one. `as` is "as in the instance that was saved". */
void ReportDifference(Plugin &plugin, const std::vector<LifeCall> &calls, const LifeDifference &difference,
                      const std::string &when, const std::string &as);

}  // namespace tenon::check

#endif
