/* Scenarios of group `state`: the kind state/1, by which a host moves the state of an instance to another version.
 *
 * state/restore runs in several processes, like a host that replaces the process of a plugin: two processes of
 * `state/restore-save` live and save, and leave what happened in files. Alone, state/restore does all in one process. */
#include <stdio.h>
#include <string.h>

#include "check/lives.h"
#include "check/read_file.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

/* The number of saves in a row. */
constexpr size_t kSaves = 4;
/* A difference is a finding only if it occurs in each of these attempts: a plugin may count something by itself. */
constexpr int kAttempts = 3;

/* ---- save ---- */

/* Makes the calls twice. `methods`: saves before each call, twice. */
std::vector<CallResult> CallsWith(Plugin &plugin, const StateMethods *methods,
                                  const std::vector<LifeCall> &calls) {
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  std::vector<CallResult> results;
  for (int round = 0; round < 2; round++) {
    for (const LifeCall &call : calls) {
      std::string record;
      for (int i = 0; methods != nullptr && i < 2; i++)
        if (!Save(plugin, instance, *methods, "between calls", &record)) plugin.report().Done();
      results.push_back(MakeCalls(plugin, instance, {call}, methods == nullptr ? "" : "after save")[0]);
    }
  }
  return results;
}

/* Reports states that were saved in a row and have another format, or grow. Returns whether they are equal. */
bool CompareSaves(Plugin &plugin, const std::vector<std::string> &records) {
  std::vector<SavedState> states(records.size());
  size_t longer = 0, equal = 0;
  for (size_t i = 0; i < records.size(); i++) {
    ReadState(records[i], &states[i]);
    if (states[i].format != states[0].format) {
      plugin.report().Finding("save returned the format " + std::to_string(states[i].format) +
                              " when called again, "
                              "expected " +
                              std::to_string(states[0].format) + " as before");
      return true;
    }
    if (i > 0 && states[i].data.size() > states[i - 1].data.size()) longer++;
    if (states[i].data == states[0].data) equal++;
  }
  if (longer == records.size() - 1) {
    plugin.report().Finding("save returned " + std::to_string(states.back().data.size()) +
                            " bytes of data when called "
                            "for the " +
                            std::to_string(records.size()) +
                            "th time in a row, and more each time, "
                            "expected " +
                            std::to_string(states[0].data.size()) + " as at first");
    return true;
  }
  return equal == records.size();
}

/* Restores a state in a new instance and makes the calls. Returns nothing if it was refused. */
std::vector<CallResult> Revive(Plugin &plugin, const StateMethods &methods,
                               const std::vector<LifeCall> &calls, const std::string &record) {
  Host &host = *new Host;
  Instance instance(plugin, host.get(), plugin.options().config);
  plugin.RequireInstance(instance);
  if (!Restore(plugin, instance, methods, record)) return {};
  return MakeCalls(plugin, instance, calls, "after restore");
}

/* Saves several times in a row. What differs must restore the same state: it may contain the time, for example. */
void SaveAgain(Plugin &plugin, const StateMethods &methods, const std::vector<LifeCall> &calls) {
  std::vector<std::string> records(kSaves);
  {
    Host &host = *new Host;
    Instance instance(plugin, host.get(), plugin.options().config);
    plugin.RequireInstance(instance);
    MakeCalls(plugin, instance, calls, "before save");
    for (std::string &record : records)
      if (!Save(plugin, instance, methods, "after another one", &record)) return;
  }
  if (CompareSaves(plugin, records)) return;
  const std::vector<CallResult> first = Revive(plugin, methods, calls, records[0]);
  const std::vector<CallResult> again = Revive(plugin, methods, calls, records[0]);
  const std::vector<CallResult> last = Revive(plugin, methods, calls, records.back());
  if (first.empty() || again.empty() || last.empty()) return;
  ReportDifference(plugin, calls, CompareLives(last, first, again),
                   "after restore of the last of several saves in a row",
                   "as after restore of the first one");
}

void SaveChangesNothing(Plugin &plugin) {
  const StateMethods methods = RequireState(plugin);
  const std::vector<LifeCall> calls = CallsOfLife(plugin);
  std::vector<LifeCall> twice = calls;
  twice.insert(twice.end(), calls.begin(), calls.end());
  LifeDifference difference;
  for (int i = 0; i < kAttempts; i++) {
    const std::vector<CallResult> alone = CallsWith(plugin, nullptr, calls);
    const std::vector<CallResult> again = CallsWith(plugin, nullptr, calls);
    const std::vector<CallResult> between = CallsWith(plugin, &methods, calls);
    difference = CompareLives(between, alone, again);
    if (!difference.found) return SaveAgain(plugin, methods, calls);
  }
  ReportDifference(plugin, twice, difference, "after save", "as in an instance that is not saved");
}

/* ---- restore ---- */

void Append(std::string *all, const std::string &bytes) {
  const uint64_t size = bytes.size();
  all->append(reinterpret_cast<const char *>(&size), sizeof size);
  *all += bytes;
}

bool TakeBytes(const std::string &all, size_t *at, std::string *bytes) {
  uint64_t size;
  if (all.size() - *at < sizeof size) return false;
  memcpy(&size, all.data() + *at, sizeof size);
  *at += sizeof size;
  if (all.size() - *at < size) return false;
  *bytes = all.substr(*at, size);
  *at += size;
  return true;
}

bool WriteLife(const std::string &path, const Life &life) {
  std::string all;
  Append(&all, life.saved);
  for (const CallResult &answer : life.answers) {
    all.append(reinterpret_cast<const char *>(&answer.outcome), sizeof answer.outcome);
    all.append(reinterpret_cast<const char *>(&answer.status), sizeof answer.status);
    Append(&all, answer.bytes);
  }
  FILE *file = fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = fwrite(all.data(), 1, all.size(), file) == all.size();
  return (fclose(file) == 0) && written;
}

bool ReadLife(const std::string &path, size_t answers, Life *life) {
  std::string all;
  size_t at = 0;
  if (!ReadFile(path, &all) || !TakeBytes(all, &at, &life->saved)) return false;
  for (size_t i = 0; i < answers; i++) {
    CallResult answer;
    if (all.size() - at < sizeof answer.outcome + sizeof answer.status) return false;
    memcpy(&answer.outcome, all.data() + at, sizeof answer.outcome);
    at += sizeof answer.outcome;
    memcpy(&answer.status, all.data() + at, sizeof answer.status);
    at += sizeof answer.status;
    if (!TakeBytes(all, &at, &answer.bytes)) return false;
    life->answers.push_back(answer);
  }
  return true;
}

/* Lives, and leaves what happened in the file of `--kept`. */
void SaveForRestore(Plugin &plugin) {
  const StateMethods methods = RequireState(plugin);
  Life life;
  if (!Live(plugin, methods, CallsOfLife(plugin), &life)) return;
  if (!WriteLife(plugin.options().kept, life))
    plugin.report().Incomplete("what an instance has saved could not be written to " + plugin.options().kept);
}

void Restores(Plugin &plugin) {
  const StateMethods methods = RequireState(plugin);
  const std::vector<LifeCall> calls = CallsOfLife(plugin);
  const std::string &folder = plugin.options().kept;
  Life one, other;
  if (folder.empty()) {
    if (!Live(plugin, methods, calls, &one) || !Live(plugin, methods, calls, &other)) return;
  } else if (!ReadLife(folder + "/one", calls.size(), &one) ||
             !ReadLife(folder + "/other", calls.size(), &other)) {
    plugin.report().Incomplete("what an instance has saved could not be read from " + folder);
  }
  LifeDifference difference;
  for (int i = 0; i < kAttempts; i++) {
    const std::vector<CallResult> revived = Revive(plugin, methods, calls, one.saved);
    if (revived.empty()) return;
    difference = CompareLives(revived, one.answers, other.answers);
    if (!difference.found) return;
  }
  ReportDifference(plugin, calls, difference, "after restore", "as in the instance that was saved");
}

}  // namespace

const ScenarioEntry kStateScenarios[] = {
    {"state/save", SaveChangesNothing},
    {"state/restore", Restores},
    {"state/restore-save", SaveForRestore},
    {nullptr, nullptr},
};

}  // namespace tenon::check
