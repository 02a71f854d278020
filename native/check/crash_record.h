/* The signal handler of the checker: writes where it was hit, then lets the signal end the process. */
#ifndef TENON_CHECK_CRASH_RECORD_H
#define TENON_CHECK_CRASH_RECORD_H

#include <stdint.h>

#include "check/report.h"

namespace tenon::check {

/* Before the plugin is loaded. `report` lives as long as the process. */
void RecordCrashes(Report *report);

/* The library that has code at `address` is the plugin: frames in it are worth telling. */
void SetCrashCode(uintptr_t address);

}  // namespace tenon::check

#endif
