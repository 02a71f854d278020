/* Ends and reaps the children of a Node.js environment that ends before them. */
#ifndef TENON_PROCESS_REAPER_H
#define TENON_PROCESS_REAPER_H

#include <node_api.h>
#include <sys/types.h>

#include <map>

namespace tenon {

/* Used on one thread. Deleted with its environment. */
class Reaper {
 public:
  static Reaper *Make(napi_env env);
  /* Registers a child that is not reaped yet. */
  void Add(pid_t pid);
  void Remove(pid_t pid);

 private:
  static void OnTeardown(void *self);
  /* Registers the children of this thread that nothing has registered: a worker can be terminated between the
   * start of a process and its registration. */
  void AddUnregistered();

  std::map<pid_t, int> children_; /* with their pidfds */
};

}  // namespace tenon

#endif
