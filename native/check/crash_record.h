/* The signal handler of the checker. It writes a crash record, then lets the signal end the process. */
#ifndef TENON_CHECK_CRASH_RECORD_H
#define TENON_CHECK_CRASH_RECORD_H

#include <stdint.h>

#include "check/report.h"

namespace tenon::check {

/* Installs the handler. Call it before the plugin is loaded. `report` lives as long as the process. */
void RecordCrashes(Report *report);

/* Removes the handler, in a child process whose end is not reported. */
void ForgetCrashes();

/* Ends the process as a crash of the plugin with this finding, which is a literal or lives as long. It is plain ASCII
 * without quotes. */
[[noreturn]] void CrashWith(const char *finding);

/* Marks the library that has code at `address` as the plugin, whose frames are recorded. */
void SetCrashCode(uintptr_t address);

}  // namespace tenon::check

#endif
