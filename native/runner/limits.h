/* What a runner may use. Everything is applied to the own process before the plugin is opened. */
#ifndef TENON_RUNNER_LIMITS_H
#define TENON_RUNNER_LIMITS_H

#include <stdint.h>

#include <string>
#include <vector>

namespace tenon {

struct Limits {
  uint64_t memory = 0; /* bytes of private memory; 0: unlimited, as for the others */
  uint64_t cpu = 0;    /* seconds */
  uint64_t files = 0;  /* open at the same time */
  bool sandbox = false;
  std::vector<std::string>
      readable; /* in the sandbox: files and folders, beside the plugin's file and the system's libraries */
};

/* Moves a file out of the way of a plugin that closes or uses small descriptors which are not its own; it is
 * not inherited by what the plugin starts. The new descriptor, or -1. */
int HideFile(int file);

/* Closes everything from 3 on but the sorted `kept`. False if the system does not let it. */
bool CloseOtherFiles(const std::vector<int> &kept);

/* The resource limits; `shared` is the size of the channel's mapping. The bits of RunnerFacts::active that
 * are in force. */
uint32_t ApplyLimits(const Limits &limits, uint64_t shared);

}  // namespace tenon

#endif
