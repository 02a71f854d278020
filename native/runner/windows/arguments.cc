#include "runner/windows/arguments.h"

#include <windows.h>

#include "plugin/wide_text.h"

namespace tenon {
namespace {

bool IsSpace(wchar_t character) {
  return character == L' ' || character == L'\t';
}

/* Reads one argument. Backslashes are ordinary unless a quotation mark follows them: then two make one, and an odd one
 * makes the mark ordinary. */
const wchar_t *ReadArgument(const wchar_t *at, std::wstring *argument) {
  bool quoted = false;
  while (*at != 0 && (quoted || !IsSpace(*at))) {
    size_t backslashes = 0;
    while (*at == L'\\') at++, backslashes++;
    if (*at != L'"') {
      argument->append(backslashes, L'\\');
      if (backslashes == 0) argument->push_back(*at++);
      continue;
    }
    argument->append(backslashes / 2, L'\\');
    if (backslashes % 2 != 0) {
      argument->push_back(*at);
    } else {
      quoted = !quoted;
    }
    at++;
  }
  return at;
}

/* The name of the program has no escapes. */
const wchar_t *ReadProgram(const wchar_t *at, std::wstring *program) {
  bool quoted = false;
  for (; *at != 0 && (quoted || !IsSpace(*at)); at++) {
    if (*at == L'"') {
      quoted = !quoted;
    } else {
      program->push_back(*at);
    }
  }
  return at;
}

}  // namespace

std::vector<std::wstring> SplitCommandLine(const wchar_t *line) {
  std::vector<std::wstring> all(1);
  const wchar_t *at = ReadProgram(line, &all[0]);
  for (;;) {
    while (IsSpace(*at)) at++;
    if (*at == 0) return all;
    all.emplace_back();
    at = ReadArgument(at, &all.back());
  }
}

Arguments::Arguments() {
  for (const std::wstring &argument : SplitCommandLine(GetCommandLineW()))
    strings_.push_back(Narrow(argument));
  for (std::string &text : strings_) values_.push_back(text.data());
}

}  // namespace tenon
