/* Scenarios of group `resources` about files, shared memory and child processes that are left after the last
 * drop, and about descriptors that child processes of the host would inherit. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "check/facts.h"
#include "check/failure.h"
#include "check/procfs.h"
#include "check/read_file.h"
#include "check/scenarios.h"

namespace tenon::check {
namespace {

constexpr char kSharedMemory[] = "/dev/shm";
/* The maximum number of names in a finding. */
constexpr size_t kNamed = 5;
constexpr size_t kDeepest = 8;
/* The grace period for a child process that was asked to end, in steps. */
constexpr int kGraceSteps = 50;
constexpr long kGraceStepNanoseconds = 10'000'000;

void ListFiles(const std::string &folder, size_t depth, std::set<std::string> *files) {
  DIR *entries = opendir(folder.c_str());
  if (entries == nullptr) return FailUnlessAbsent("list the temporary files", errno);
  while (dirent *entry = readdir(entries)) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = folder + "/" + name;
    files->insert(path);
    if (entry->d_type == DT_DIR && depth < kDeepest) ListFiles(path, depth + 1, files);
  }
  closedir(entries);
}

std::string TemporaryFolder() {
  const char *named = getenv("TMPDIR");
  return named == nullptr ? "" : named;
}

bool IsOwn(const std::string &path) {
  struct stat facts;
  return lstat(path.c_str(), &facts) == 0 && facts.st_uid == geteuid();
}

/* Returns the segments of System V shared memory that this process has created. */
std::set<std::string> OwnSegments() {
  std::set<std::string> own;
  std::string text, line;
  /* A kernel without System V shared memory does not have the file. */
  if (!ReadFile("/proc/sysvipc/shm", &text) && errno != ENOENT) FailChecker("read /proc/sysvipc/shm", errno);
  std::istringstream table(text);
  std::getline(table, line); /* the header */
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string key, id, mode, size;
    long creator = 0;
    columns >> key >> id >> mode >> size >> creator;
    if (creator == getpid()) own.insert("the shared memory segment " + id + " of shmget");
  }
  return own;
}

struct Places {
  std::set<std::string> temporary, shared;
};

Places LookAround() {
  Places places;
  std::string folder = TemporaryFolder();
  if (!folder.empty()) ListFiles(folder, 0, &places.temporary);
  ListFiles(kSharedMemory, 0, &places.shared);
  return places;
}

/* Returns the files that the plugin left. All processes share /dev/shm, so files of other users and files
 * that another process still uses are ignored. */
std::vector<std::string> NewIn(const Places &before, const Places &now) {
  std::vector<std::string> left;
  for (const std::string &path : now.temporary)
    if (before.temporary.count(path) == 0) left.push_back(path);
  for (const std::string &path : now.shared)
    if (before.shared.count(path) == 0 && IsOwn(path) && !UsedElsewhere(path)) left.push_back(path);
  for (const std::string &segment : OwnSegments()) left.push_back(segment);
  return left;
}

std::string Listed(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamed); i++) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kNamed ? text + " and more" : text;
}

void NoFilesLeft(Plugin &plugin) {
  Host host;
  Places before = LookAround();
  OrdinaryLife(plugin, host, [](const std::string &) {});
  std::vector<std::string> left = NewIn(before, LookAround());
  if (!left.empty())
    plugin.report().Finding(std::to_string(left.size()) + " left behind after drop: " + Listed(left));
}

bool AnyAlive(const std::vector<ChildProcess> &children) {
  return std::any_of(children.begin(), children.end(), [](const auto &child) { return !child.ended; });
}

void NoChildrenLeft(Plugin &plugin) {
  /* This process adopts grandchildren whose parent has ended. */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  Host host;
  OrdinaryLife(plugin, host, [](const std::string &) {});
  std::vector<ChildProcess> left = ChildProcesses();
  for (int i = 0; i < kGraceSteps && AnyAlive(left); i++) {
    timespec moment = {0, kGraceStepNanoseconds};
    nanosleep(&moment, nullptr);
    left = ChildProcesses();
  }
  for (size_t i = 0; i < std::min(left.size(), kNamed); i++) {
    plugin.report().Finding(
        "A child process was left behind after drop: " + Quote(left[i].name) +
        (left[i].ended ? ", which has ended and was never waited for" : ", still running"));
  }
}

void NoneInherited(Plugin &plugin) {
  Host host;
  std::set<int> before;
  for (const OpenDescriptor &one : OpenDescriptors()) before.insert(one.number);
  std::set<int> told;
  OrdinaryLife(plugin, host, [&](const std::string &step) {
    for (const auto &[number, target, inherited] : OpenDescriptors()) {
      if (!inherited || before.count(number) != 0 || !told.insert(number).second) continue;
      if (told.size() > kNamed) return;
      plugin.report().Finding("Descriptor " + std::to_string(number) + " (" + target + "), open after " +
                              step + ", would be inherited by every program that the host starts");
    }
  });
}

}  // namespace

const ScenarioEntry kLeftoverScenarios[] = {
    {"resources/files", NoFilesLeft},
    {"resources/child-processes", NoChildrenLeft},
    {"resources/descriptor-inheritance", NoneInherited},
    {nullptr, nullptr},
};

}  // namespace tenon::check
