/* Generates inputs and configs. The result depends only on the arguments. */
#ifndef TENON_CHECK_MUTATE_H
#define TENON_CHECK_MUTATE_H

#include <string>

#include "check/corpus.h"
#include "check/random.h"

namespace tenon::check {

/* The maximum length of a generated input. */
constexpr size_t kLongestMadeUp = 1 << 20;

/* Returns the input with this number. The first ones are the examples; the others are changed examples or
 * inputs that were found, and sometimes entirely random bytes. */
std::string MakeInput(const Corpus &corpus, uint64_t seed, uint64_t number);

/* Returns the config with this number: a variant of `base`, not always well-formed. */
std::string MakeConfig(const Corpus &corpus, const std::string &base, uint64_t seed, uint64_t number);

/* Makes one to eight random changes to the bytes. */
void MutateBytes(const Corpus &corpus, Random &random, std::string *bytes);

}  // namespace tenon::check

#endif
