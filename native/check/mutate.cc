#include "check/mutate.h"

#include <string.h>

#include <algorithm>

namespace tenon::check {
namespace {

constexpr size_t kMostChanges = 8;
constexpr size_t kLongestRandom = 4096;

/* Lengths, counts and codes that programs often handle wrongly. */
constexpr int64_t kInteresting[] = {
    0,      1,     -1,    2,      7,          8,          16,         31,        32,       64,    100,
    127,    128,   -128,  255,    256,        511,        1024,       4095,      4096,     32767, 32768,
    -32768, 65535, 65536, 100000, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, INT64_MIN};

void FlipBit(Random &random, std::string *bytes) {
  if (bytes->empty()) return;
  (*bytes)[random.Below(bytes->size())] ^= static_cast<char>(1 << random.Below(8));
}

void SetByte(Random &random, std::string *bytes) {
  if (bytes->empty()) return;
  (*bytes)[random.Below(bytes->size())] = static_cast<char>(random.Byte());
}

void SetNumber(Random &random, std::string *bytes) {
  int64_t value = kInteresting[random.Below(std::size(kInteresting))];
  size_t width = size_t{1} << random.Below(4);
  if (bytes->size() < width) return;
  char number[8];
  memcpy(number, &value, sizeof(number));
  if (random.OneIn(2)) std::reverse(number, number + width);
  bytes->replace(random.Below(bytes->size() - width + 1), width, number, width);
}

void Remove(Random &random, std::string *bytes) {
  if (bytes->empty()) return;
  size_t from = random.Below(bytes->size());
  bytes->erase(from, random.Small(bytes->size() - from) + 1);
}

void Insert(Random &random, std::string *bytes) {
  std::string piece(random.Small(64) + 1, static_cast<char>(random.Byte()));
  if (random.OneIn(2))
    for (char &byte : piece) byte = static_cast<char>(random.Byte());
  bytes->insert(random.Below(bytes->size() + 1), piece);
}

void Repeat(Random &random, std::string *bytes) {
  if (bytes->empty()) return;
  size_t from = random.Below(bytes->size());
  std::string piece = bytes->substr(from, random.Small(bytes->size() - from) + 1);
  size_t times = random.OneIn(16) ? random.Below(1000) : random.Below(4) + 1;
  for (size_t at = from; times > 0 && bytes->size() + piece.size() < kLongestMadeUp; times--)
    bytes->insert(at, piece);
}

void Splice(const Corpus &corpus, Random &random, std::string *bytes) {
  const std::string &other = corpus.Example(random);
  size_t head = random.Below(bytes->size() + 1), tail = random.Below(other.size() + 1);
  *bytes = bytes->substr(0, head) + other.substr(tail);
}

void InsertWord(const Corpus &corpus, Random &random, std::string *bytes) {
  std::string word = corpus.Word(random);
  size_t at = random.Below(bytes->size() + 1);
  if (random.OneIn(2) && at + word.size() <= bytes->size())
    bytes->replace(at, word.size(), word);
  else
    bytes->insert(at, word);
}

std::string RandomBytes(Random &random) {
  std::string bytes(random.Small(kLongestRandom), '\0');
  for (char &byte : bytes) byte = static_cast<char>(random.Byte());
  return bytes;
}

}  // namespace

void MutateBytes(const Corpus &corpus, Random &random, std::string *bytes) {
  for (size_t changes = random.Small(kMostChanges) + 1; changes > 0; changes--) {
    switch (random.Below(10)) {
      case 0:
      case 1:
        FlipBit(random, bytes);
        break;
      case 2:
      case 3:
        SetByte(random, bytes);
        break;
      case 4:
        SetNumber(random, bytes);
        break;
      case 5:
        Remove(random, bytes);
        break;
      case 6:
        Insert(random, bytes);
        break;
      case 7:
        Repeat(random, bytes);
        break;
      case 8:
        Splice(corpus, random, bytes);
        break;
      default:
        InsertWord(corpus, random, bytes);
    }
  }
  if (bytes->size() > kLongestMadeUp) bytes->resize(kLongestMadeUp);
}

std::string MakeInput(const Corpus &corpus, uint64_t seed, uint64_t number) {
  if (number < corpus.examples.size()) return corpus.examples[number];
  Random random(seed, number);
  if (random.OneIn(12)) return RandomBytes(random);
  std::string bytes = corpus.Example(random);
  MutateBytes(corpus, random, &bytes);
  return bytes;
}

}  // namespace tenon::check
