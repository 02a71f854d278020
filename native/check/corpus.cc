#include "check/corpus.h"

#include <ctype.h>
#include <dirent.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "check/read_only_data.h"

namespace tenon::check {
namespace {

constexpr size_t kLongestExample = 256 << 10;
constexpr size_t kMostExamples = 4096;
constexpr size_t kLongestLibrary = 64 << 20;
constexpr size_t kShortestWord = 2, kLongestWord = 24, kMostWords = 20'000;

/* Returns words in the plugin's file. Keys and magic numbers usually occur in it verbatim. */
std::vector<std::string> WordsIn(const std::string &bytes) {
  std::set<std::string> words;
  std::string word;
  for (char byte : bytes + '\0') {
    if (isalnum(static_cast<unsigned char>(byte)) || byte == '_' || byte == '-') {
      word += byte;
      continue;
    }
    if (word.size() >= kShortestWord && word.size() <= kLongestWord && words.size() < kMostWords)
      words.insert(word);
    word.clear();
  }
  return {words.begin(), words.end()};
}

bool ListFolder(const std::string &folder, std::vector<std::string> *paths) {
  DIR *entries = opendir(folder.c_str());
  if (entries == nullptr) return false;
  while (dirent *entry = readdir(entries)) {
    if (entry->d_name[0] != '.') paths->push_back(folder + "/" + entry->d_name);
  }
  closedir(entries);
  std::sort(paths->begin(), paths->end());
  return true;
}

}  // namespace

bool ReadBytes(const std::string &path, size_t limit, std::string *bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes->assign(limit, '\0');
  if (!file || !(file.read(&(*bytes)[0], static_cast<std::streamsize>(limit)), file.gcount() >= 0))
    return false;
  bytes->resize(static_cast<size_t>(file.gcount()));
  return !file.bad();
}

bool ReadCorpus(const Options &options, Corpus *corpus) {
  corpus->examples = options.inputs.empty() ? std::vector<std::string>{options.input()} : options.inputs;
  std::vector<std::string> paths;
  if (!options.corpus.empty() && !ListFolder(options.corpus, &paths)) return false;
  if (!options.kept.empty()) ListFolder(options.kept, &paths); /* of earlier runs, if there were any */
  for (const std::string &path : paths) {
    std::string bytes;
    bool fits = corpus->examples.size() < kMostExamples && ReadBytes(path, kLongestExample, &bytes);
    if (fits && !bytes.empty()) corpus->examples.push_back(bytes); /* a subfolder reads as empty */
  }
  std::string library;
  if (!ReadBytes(options.file, kLongestLibrary, &library)) return true;
  corpus->words = WordsIn(library);
  corpus->constants = ReadOnlyData(library);
  return true;
}

const std::string &Corpus::Example(Random &random) const {
  constexpr size_t kRecent = 8;
  if (found.empty() || random.OneIn(4)) return examples[random.Below(examples.size())];
  if (random.OneIn(2)) return found[random.Below(found.size())];
  return found[found.size() - 1 - random.Below(std::min(kRecent, found.size()))];
}

std::string Corpus::Constant(Random &random) const {
  constexpr size_t kAlignment = 4;
  size_t width = size_t{2} << random.Below(3), at = random.Below(constants.size());
  if (!random.OneIn(4)) at -= at % kAlignment;
  return constants.substr(at, width);
}

std::string Corpus::Word(Random &random) const {
  if (!compared.empty() && random.OneIn(3)) return compared[random.Below(compared.size())];
  if (!constants.empty() && random.OneIn(4)) return Constant(random);
  if (!words.empty() && !random.OneIn(8)) return words[random.Below(words.size())];
  std::string word;
  for (size_t i = random.Below(8) + 1; i > 0; i--) word += static_cast<char>('a' + random.Below(26));
  return word;
}

}  // namespace tenon::check
