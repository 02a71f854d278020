/* The resource limits of a runner. They are applied to the calling process before it opens the plugin. */
#ifndef TENON_RUNNER_LIMITS_H
#define TENON_RUNNER_LIMITS_H

#include <stdint.h>

#include <string>
#include <vector>

#include "channel/pipe_file.h"

namespace tenon {

struct Limits {
  uint64_t memory = 0; /* bytes of private memory; 0 means unlimited, here and below */
  uint64_t cpu = 0;    /* seconds of CPU time */
  uint64_t files = 0;  /* number of open files */
  bool sandbox = false;
  /* files and folders that the sandbox may read, besides the plugin's file and the system's libraries */
  std::vector<std::string> readable;
};

/* Moves a file to a high descriptor, because some plugins close or use low descriptors that they did not
 * open. The new one is close-on-exec, so programs that the plugin starts do not inherit it. Returns the new
 * descriptor, or kNoPipeFile. */
PipeFile HideFile(int file);

/* Closes all descriptors from 3 on except `kept`, which is sorted. Returns false if the system refuses. */
bool CloseOtherFiles(const std::vector<int> &kept);

/* Applies the resource limits. `shared` is the size of the channel's mapping in bytes. Returns the bits of
 * RunnerFacts::active that are in force. */
uint32_t ApplyLimits(const Limits &limits, uint64_t shared);

}  // namespace tenon

#endif
