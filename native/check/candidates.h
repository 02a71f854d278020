/* Inputs in which a value that the plugin has compared is replaced by the one that it was compared with. The
 * method is that of REDQUEEN (Aschermann et al., NDSS 2019). */
#ifndef TENON_CHECK_CANDIDATES_H
#define TENON_CHECK_CANDIDATES_H

#include <string>
#include <vector>

#include "check/coverage.h"
#include "check/random.h"

namespace tenon::check {

/* Returns variants of an input, in a random order. */
std::vector<std::string> CandidatesFor(const std::string &bytes, const Trace &trace, Random &random);

/* Returns the bytes of compared values of at least two bytes. */
std::vector<std::string> ValuesIn(const Trace &trace);

}  // namespace tenon::check

#endif
