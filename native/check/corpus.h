/* The material for generated inputs: examples, and words from the plugin's file. */
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
  /* Returns a word from the plugin's file, or sometimes a short random one. */
  std::string Word(Random &random) const;
};

/* Collects the inputs of the options, and the files in the corpus folder in the order of their names. Returns
 * false if that folder cannot be read. */
bool ReadCorpus(const Options &options, Corpus *corpus);

/* Reads at most `limit` bytes of a file. Returns false if it cannot be read. */
bool ReadBytes(const std::string &path, size_t limit, std::string *bytes);

}  // namespace tenon::check

#endif
