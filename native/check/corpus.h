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
  std::vector<std::string> found;    /* generated inputs that reached new code, in this order */
  std::vector<std::string> words;    /* may be empty */
  std::vector<std::string> compared; /* values that the plugin compared inputs with */
  std::string constants;             /* the read-only data of the plugin, or empty */

  /* Returns an example or an input that was found; often one of those that were found last. */
  const std::string &Example(Random &random) const;
  /* Returns a word or a constant from the plugin's file, or sometimes a short random word. */
  std::string Word(Random &random) const;

 private:
  std::string Constant(Random &random) const;
};

/* Collects the inputs of the options, and the files in the corpus folders in the order of their names. Returns
 * false if the folder of the user cannot be read. */
bool ReadCorpus(const Options &options, Corpus *corpus);

/* Reads at most `limit` bytes of a file. Returns false if it cannot be read. */
bool ReadBytes(const std::string &path, size_t limit, std::string *bytes);

}  // namespace tenon::check

#endif
