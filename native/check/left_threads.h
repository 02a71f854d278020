/* Threads of the plugin that still run although `drop` has returned. */
#ifndef TENON_CHECK_LEFT_THREADS_H
#define TENON_CHECK_LEFT_THREADS_H

#include <sched.h>
#include <sys/types.h>

#include "check/report.h"
#include "plugin/frames.h"

namespace tenon::check {

/* The activity of a thread when it was looked at. */
enum class Doing {
  kPlugin,    /* it ran code of the plugin, or was called by it */
  kElsewhere, /* it ran only code of other libraries, such as an idle helper thread of the C library */
  kEnded,     /* it ended before it could be looked at */
  kUnknown    /* it blocks signals */
};

struct ThreadState {
  Doing doing = Doing::kUnknown;
  Evidence evidence; /* its stack, if it ran code of the plugin */
};

/* Interrupts a thread and looks at its stack. `code` is the code of the plugin. */
ThreadState LookAtThread(pid_t thread, const CodeRange &code);

/* Returns true if the thread waits, and nothing on its stack leads to code outside of the C library. Such a
 * thread, which serves timers or asynchronous input and output, is not for the plugin to join. Returns false if
 * the system does not show where a thread waits. */
bool IsHelperOfLibrary(pid_t thread);

/* Lets the caller run before other threads for as long as it exists: all threads share one processor, on which
 * the others have the lowest priority. What `drop` does not wait for has then not happened when it returns. */
class Crowd {
 public:
  Crowd();
  ~Crowd();
  Crowd(const Crowd &) = delete;
  Crowd &operator=(const Crowd &) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

}  // namespace tenon::check

#endif
