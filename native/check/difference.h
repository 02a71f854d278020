/* The difference between two results, for findings. */
#ifndef TENON_CHECK_DIFFERENCE_H
#define TENON_CHECK_DIFFERENCE_H

#include <string>

#include "check/plugin.h"

namespace tenon::check {

/* Describes a result that differs from the expected one: `returned 0 with "abX", expected 0 with "abc" as in
 * single calls; the first difference is at byte 2`. `as` is "as in single calls". Long results are shortened to
 * the bytes around the difference. */
std::string DifferenceOf(const CallResult &found, const CallResult &expected, const std::string &as);

}  // namespace tenon::check

#endif
