#include <windows.h>

#include "plugin/wide_text.h"

namespace tenon {

std::wstring Widen(const std::string &text) {
  const int size = static_cast<int>(text.size());
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), length);
  return wide;
}

std::string Narrow(const std::wstring &text) {
  const int size = static_cast<int>(text.size());
  const int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string narrow(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), size, narrow.data(), length, nullptr, nullptr);
  return narrow;
}

std::string SystemError(unsigned long code) {
  wchar_t text[512];
  const DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                      code, 0, text, sizeof(text) / sizeof(*text), nullptr);
  std::wstring words(text, length);
  while (!words.empty() && words.back() <= L' ') words.pop_back();
  return Narrow(words) + " (error " + std::to_string(code) + ")";
}

std::string ModulePath(void *module) {
  std::wstring path(260, L'\0');
  for (;;) {
    const DWORD length =
        GetModuleFileNameW(static_cast<HMODULE>(module), path.data(), static_cast<DWORD>(path.size()));
    if (length == 0) return "";
    if (length < path.size()) return Narrow(path.substr(0, length));
    path.resize(path.size() * 2);
  }
}

}  // namespace tenon
