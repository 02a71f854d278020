/* System calls for the tests of the sandbox, as data. */
#ifndef TENON_TEST_SANDBOX_ATTEMPTS_H
#define TENON_TEST_SANDBOX_ATTEMPTS_H

#include <stdint.h>

#include <vector>

namespace tenon::test {

using Arguments = std::vector<uint64_t>;

struct Attempt {
  const char *what;
  uint32_t number;
  Arguments arguments;
  bool allowed;
};

/* Calls that are allowed in part, with arguments on both sides. */
std::vector<Attempt> Attempts();
/* Calls that fail whatever their arguments are, because they reach others or get around the rest. */
std::vector<uint32_t> CallsThatReachOthers();

}  // namespace tenon::test

#endif
