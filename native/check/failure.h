/* Failures of the checker itself: no memory, no thread, no file. They are never findings. The scenario is
 * incomplete, with the reason. */
#ifndef TENON_CHECK_FAILURE_H
#define TENON_CHECK_FAILURE_H

#include "check/report.h"

namespace tenon::check {

/* From now on, failures end the process with an entry in the report. This includes memory that the checker's
 * own `operator new` cannot get, and its own exceptions. Those of the plugin are crashes as before. */
void ReportFailures(Report *report);

/* Ends the process as incomplete, because the checker could not do `what`: "start a thread". `error` is a
 * value of errno. Allocates nothing. [any-thread] */
[[noreturn]] void FailChecker(const char *what, int error);

/* Fails if the loader could not load a library because the system has no more memory or descriptors. `words`
 * are its message. */
void FailIfLoaderExhausted(const char *words);

/* Fails unless `error` says that a file does not exist or is not for this user. The caller expects that: another
 * process may have ended. */
void FailUnlessAbsent(const char *what, int error);

}  // namespace tenon::check

#endif
