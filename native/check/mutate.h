/* Makes inputs and configs up. What comes out depends on the numbers that go in, and on nothing else. */
#ifndef TENON_CHECK_MUTATE_H
#define TENON_CHECK_MUTATE_H

#include <string>

#include "check/corpus.h"
#include "check/random.h"

namespace tenon::check {

/* No made-up input is longer. */
constexpr size_t kLongestMadeUp = 1 << 20;

/* The input with this number: first the examples as they are, then changed ones, and some that are random
 * throughout. */
std::string MakeInput(const Corpus &corpus, uint64_t seed, uint64_t number);

/* The config with this number: changed ones of `base`, well-formed and not. */
std::string MakeConfig(const Corpus &corpus, const std::string &base, uint64_t seed, uint64_t number);

/* Changes bytes, in one to eight ways. */
void MutateBytes(const Corpus &corpus, Random &random, std::string *bytes);

}  // namespace tenon::check

#endif
