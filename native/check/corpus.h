/* What made-up inputs are made from: examples, and words that the plugin knows. */
#ifndef TENON_CHECK_CORPUS_H
#define TENON_CHECK_CORPUS_H

#include <string>
#include <vector>

#include "check/options.h"
#include "check/random.h"

namespace tenon::check {

struct Corpus {
  std::vector<std::string> examples; /* at least one */
  std::vector<std::string> words;    /* may be empty */

  const std::string &Example(Random &random) const { return examples[random.Below(examples.size())]; }
  /* A word of the plugin, or a short one of nobody's. */
  std::string Word(Random &random) const;
};

/* The inputs of the options and the files in the corpus folder, in the order of their names. False if that
 * folder cannot be read. */
bool ReadCorpus(const Options &options, Corpus *corpus);

/* The bytes of a file, at most so many. False if it cannot be read. */
bool ReadBytes(const std::string &path, size_t limit, std::string *bytes);

}  // namespace tenon::check

#endif
