#include "runner/shared_memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace tenon {
namespace {

constexpr size_t kMostProcesses = 1000;
constexpr uint64_t kBlock = 512;                               /* the unit of st_blocks */
constexpr char kMemfd[] = "/memfd:", kOwn[] = "/memfd:tenon-"; /* the runner's own */

/* Calls `visit` with the path of each entry of a folder of /proc. */
template <typename Visit>
void ForEach(const char *path, const Visit &visit) {
  DIR *folder = opendir(path);
  if (folder == nullptr) return;
  while (const dirent *entry = readdir(folder)) {
    char name[128];
    if (entry->d_name[0] != '.' && snprintf(name, sizeof(name), "%s/%.32s", path, entry->d_name) > 0)
      visit(name);
  }
  closedir(folder);
}

void AddChildren(pid_t process, std::vector<pid_t> *processes) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/task", process);
  ForEach(path, [processes](const char *task) {
    char name[160];
    snprintf(name, sizeof(name), "%s/children", task);
    FILE *list = fopen(name, "re");
    if (list == nullptr) return;
    pid_t child;
    while (processes->size() < kMostProcesses && fscanf(list, "%d", &child) == 1) processes->push_back(child);
    fclose(list);
  });
}

/* Returns the mapped pages of shared memory, in bytes. Returns false if they are unknown. */
bool ReadMapped(pid_t process, uint64_t *bytes) {
  char path[64], line[128];
  snprintf(path, sizeof(path), "/proc/%d/status", process);
  FILE *status = fopen(path, "re");
  if (status == nullptr) return false;
  unsigned long long kib;
  bool found = false;
  while (!found && fgets(line, sizeof(line), status) != nullptr)
    found = sscanf(line, "RssShmem: %llu kB", &kib) == 1;
  fclose(status);
  if (found) *bytes = uint64_t{kib} * 1024;
  return found;
}

/* Whether a mapping of this name is shared memory of the plugin. */
bool IsForeign(const char *name) {
  if (strncmp(name, kOwn, strlen(kOwn)) == 0) return false;
  for (const char *prefix : {kMemfd, "/dev/zero", "/SYSV", "/dev/shm/"}) {
    if (strncmp(name, prefix, strlen(prefix)) == 0) return true;
  }
  return false;
}

/* Returns the mapped pages of shared memory without that of the runner, in bytes. Reads each mapping once: the
 * runner maps and unmaps its own meanwhile, so a difference of two sums would be wrong. */
uint64_t ReadForeign(pid_t process) {
  char path[64], line[512];
  snprintf(path, sizeof(path), "/proc/%d/smaps", process);
  FILE *maps = fopen(path, "re");
  if (maps == nullptr) return 0;
  bool foreign = false;
  uint64_t bytes = 0;
  while (fgets(line, sizeof(line), maps) != nullptr) {
    unsigned long long start, end, kib;
    char name[64] = "";
    if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %63s", &start, &end, name) >= 2) foreign = IsForeign(name);
    if (foreign && sscanf(line, "Rss: %llu kB", &kib) == 1) bytes += uint64_t{kib} * 1024;
  }
  fclose(maps);
  return bytes;
}

/* Returns the size of all memfds that the process has open, other than those of the runner. */
uint64_t InFiles(pid_t process) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/fd", process);
  std::vector<ino_t> seen;
  uint64_t bytes = 0;
  ForEach(path, [&](const char *file) {
    char target[64] = "";
    struct stat facts;
    if (readlink(file, target, sizeof(target) - 1) < 0 || strncmp(target, kMemfd, strlen(kMemfd)) != 0)
      return;
    if (strncmp(target, kOwn, strlen(kOwn)) == 0 || stat(file, &facts) != 0) return;
    if (std::find(seen.begin(), seen.end(), facts.st_ino) != seen.end()) return;
    seen.push_back(facts.st_ino);
    bytes += static_cast<uint64_t>(facts.st_blocks) * kBlock;
  });
  return bytes;
}

/* A memfd may be open and mapped, so each number is compared and not their sum. */
bool Exceeds(pid_t process, uint64_t limit) {
  uint64_t mapped = 0;
  if (ReadMapped(process, &mapped) && mapped > limit && ReadForeign(process) > limit) return true;
  return InFiles(process) > limit;
}

}  // namespace

bool ReportsSharedMemory() {
  uint64_t bytes;
  return ReadMapped(getpid(), &bytes);
}

bool ExceedsSharedMemory(uint64_t limit) {
  std::vector<pid_t> processes;
  AddChildren(getpid(), &processes);
  for (size_t i = 0; i < processes.size(); i++) {
    if (Exceeds(processes[i], limit)) return true;
    AddChildren(processes[i], &processes);
  }
  return false;
}

}  // namespace tenon
