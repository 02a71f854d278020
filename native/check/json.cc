#include "check/json.h"

#include <inttypes.h>
#include <stdio.h>

#include <algorithm>

#include "plugin/output.h"

namespace tenon::check {
namespace {

constexpr size_t kLongestText = 8192;

/* Decodes the character at `at` and returns its length in bytes. A byte that is not UTF-8 becomes the
 * character with its value. */
size_t TakePoint(const std::string &bytes, size_t at, uint32_t *point) {
  const uint8_t *next = reinterpret_cast<const uint8_t *>(bytes.data()) + at;
  size_t length = *next >= 0xf0 ? 4 : *next >= 0xe0 ? 3 : *next >= 0xc0 ? 2 : 1;
  *point = *next;
  if (length == 1 || length > bytes.size() - at || !IsUtf8(next, length)) return 1;
  *point = *next & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) *point = *point << 6 | (next[i] & 0x3f);
  return length;
}

std::string Escape(uint32_t unit) {
  char text[8];
  snprintf(text, sizeof(text), "\\u%04x", unit & 0xffff);
  return text;
}

}  // namespace

std::string Json(const std::string &bytes) {
  std::string text = "\"";
  for (size_t at = 0; at < bytes.size();) {
    if (text.size() > kLongestText) return text + "...\"";
    uint32_t point;
    at += TakePoint(bytes, at, &point);
    bool plain = point >= 0x20 && point < 0x7f && point != '"' && point != '\\';
    if (plain) {
      text += static_cast<char>(point);
    } else if (point > 0xffff) {
      text += Escape(0xd800 + ((point - 0x10000) >> 10)) + Escape(0xdc00 + (point & 0x3ff));
    } else {
      text += Escape(point);
    }
  }
  return text + "\"";
}

std::string Base64(const std::string &bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t rest = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; k++) word = word << 8 | (k < rest ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; k++) text += k <= rest ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string JsonAddress(uintptr_t address) {
  char text[32];
  snprintf(text, sizeof(text), "\"0x%" PRIxPTR "\"", address);
  return text;
}

}  // namespace tenon::check
