/* Generated configs. The generator knows the syntax of JSON. */
#include <ctype.h>
#include <string.h>

#include <algorithm>

#include "check/mutate.h"

namespace tenon::check {
namespace {

constexpr size_t kDeepest = 4;

const char *const kNumbers[] = {"0",
                                "-1",
                                "1",
                                "-0",
                                "0.1",
                                "1e308",
                                "1e-400",
                                "2147483648",
                                "4294967296",
                                "9007199254740993",
                                "1e19",
                                "18446744073709551616",
                                "-9223372036854775809",
                                "1E+2",
                                "12345678901234567890123"};
const char *const kTexts[] = {"",       " ",          "\\u0000",  "\\ud800", "\\\"",   "../../../etc/passwd",
                              "%s%n%x", "\xc3\xa4",   "\xff\xfe", "\\u202e", "[a-z]+", "true",
                              "0",      "/dev/null/", "\\/",      "a b"};
const char *const kBases[] = {"{}", "[]", "null", "", "true", "0", "\"text\"", "{\"a\":{}}"};

template <size_t N>
std::string Pick(Random &random, const char *const (&list)[N]) {
  return list[random.Below(N)];
}

std::string Number(Random &random) {
  if (random.OneIn(2)) return Pick(random, kNumbers);
  return std::to_string(static_cast<int64_t>(random.Next()) >> random.Below(64));
}

std::string Text(const Corpus &corpus, Random &random) {
  std::string text;
  switch (random.Below(4)) {
    case 0:
      text = Pick(random, kTexts);
      break;
    case 1:
      text.assign(size_t{1} << random.Below(18), static_cast<char>('A' + random.Below(26)));
      break;
    default:
      text = corpus.Word(random);
  }
  return "\"" + text + "\"";
}

std::string Value(const Corpus &corpus, Random &random, size_t depth);

std::string Members(const Corpus &corpus, Random &random, size_t depth, bool named) {
  std::string text;
  for (size_t count = random.Small(6); count > 0; count--) {
    if (named) text += Text(corpus, random) + ":";
    text += Value(corpus, random, depth + 1) + (count > 1 ? "," : "");
  }
  return text;
}

std::string Nested(Random &random) {
  size_t depth = size_t{1} << random.Below(17);
  return random.OneIn(2) ? std::string(depth, '[') + std::string(depth, ']') : std::string(depth, '[');
}

std::string Value(const Corpus &corpus, Random &random, size_t depth) {
  switch (random.Below(depth < kDeepest ? 9 : 5)) {
    case 0:
    case 1:
      return Number(random);
    case 2:
      return random.OneIn(3) ? "null" : random.OneIn(2) ? "true" : "false";
    case 3:
    case 4:
      return Text(corpus, random);
    case 5:
      return "[" + Members(corpus, random, depth, false) + "]";
    case 6:
      return random.OneIn(8) ? Nested(random) : "{}";
    default:
      return "{" + Members(corpus, random, depth, true) + "}";
  }
}

/* Splits JSON into tokens: "{", "\"level\"", ":", "6", "}". Concatenated, they are the original string. */
std::vector<std::string> Tokens(const std::string &json) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < json.size();) {
    size_t end = at + 1;
    if (json[at] == '"') {
      while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, json.size());
    } else if (isalnum(static_cast<unsigned char>(json[at])) || json[at] == '-') {
      while (end < json.size() &&
             (isalnum(static_cast<unsigned char>(json[end])) || strchr("+-.", json[end])))
        end++;
    }
    tokens.push_back(json.substr(at, end - at));
    at = end;
  }
  return tokens;
}

void ChangeToken(const Corpus &corpus, Random &random, std::vector<std::string> *tokens) {
  if (tokens->empty()) return;
  size_t at = random.Below(tokens->size());
  auto place = tokens->begin() + static_cast<std::ptrdiff_t>(at);
  bool is_text = (*tokens)[at][0] == '"';
  switch (random.Below(6)) {
    case 0:
      tokens->erase(place);
      return;
    case 1:
      tokens->insert(place, (*tokens)[random.Below(tokens->size())]);
      return;
    case 2:
      std::swap((*tokens)[at], (*tokens)[random.Below(tokens->size())]);
      return;
    case 3:
      (*tokens)[at] = Value(corpus, random, 2);
      return;
    default:
      (*tokens)[at] = is_text ? Text(corpus, random) : Number(random);
  }
}

std::string WithChangedTokens(const Corpus &corpus, Random &random, const std::string &base) {
  std::vector<std::string> tokens = Tokens(base);
  for (size_t changes = random.Small(4) + 1; changes > 0; changes--) ChangeToken(corpus, random, &tokens);
  std::string text;
  for (const std::string &token : tokens) text += token;
  return text;
}

/* Returns an object with one member. Its name may be one that the plugin knows. */
std::string OneMember(const Corpus &corpus, Random &random) {
  return "{\"" + corpus.Word(random) + "\":" + Value(corpus, random, 1) + "}";
}

}  // namespace

std::string MakeConfig(const Corpus &corpus, const std::string &base, uint64_t seed, uint64_t number) {
  if (number == 0) return base;
  Random random(seed, number);
  std::string config;
  if (!corpus.found.empty() && random.OneIn(2)) {
    config = corpus.found[random.Below(corpus.found.size())];
    MutateBytes(corpus, random, &config);
    return config;
  }
  switch (random.Below(8)) {
    case 0:
      config = Pick(random, kBases);
      MutateBytes(corpus, random, &config);
      break;
    case 1:
      config = base;
      MutateBytes(corpus, random, &config);
      break;
    case 2:
    case 3:
      config = OneMember(corpus, random);
      break;
    case 4:
      config = Value(corpus, random, 0);
      break;
    default:
      config = WithChangedTokens(corpus, random, base.empty() ? OneMember(corpus, random) : base);
  }
  if (config.size() > kLongestMadeUp) config.resize(kLongestMadeUp);
  return config;
}

}  // namespace tenon::check
