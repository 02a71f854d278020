/* The command line of `tenon-runner serve`. */
#ifndef TENON_RUNNER_SERVE_OPTIONS_H
#define TENON_RUNNER_SERVE_OPTIONS_H

#include <string>

#include "channel/bell.h"
#include "plugin/output.h"
#include "runner/emitter.h"
#include "runner/limits.h"

namespace tenon {

struct ServeOptions {
  std::string file;
  std::string abi;              /* the version that the host has accepted; the plugin must return the same */
  std::string name;             /* the plugin's name that the host knows */
  const char *origin = nullptr; /* the path of the original file, an argument of the process; may be NULL */
  int shm = -1, wake = -1, life = -1; /* over shared memory, */
  int in = -1, out = -1, bell = -1;   /* or over a pipe, with a bell if the host needs one */
  int parent = 0;                     /* the host's process */
  Profile profile = Profile::kBalanced;
  EmitLimits queue;
  uint64_t longest_answer = kMaxOutput;
  Limits limits;
};

/* Returns the path of a file, which the loader does not search in the system's folders. */
std::string AsPath(const char *file);

/* Reads the arguments after `serve`. Returns NULL, or the wrong argument. */
const char *ReadServeOptions(int count, char **arguments, ServeOptions *options);

/* Reads the arguments that confine a plugin, which `probe` takes too: limits and sandbox. */
const char *ReadLimits(int count, char **arguments, Limits *limits);

extern const char kServeUsage[];
extern const char kLimitsUsage[];

}  // namespace tenon

#endif
