/* The arguments of the program as UTF-8. `main` of Windows gets them in a code page that lacks most characters. */
#ifndef TENON_RUNNER_WINDOWS_ARGUMENTS_H
#define TENON_RUNNER_WINDOWS_ARGUMENTS_H

#include <string>
#include <vector>

namespace tenon {

class Arguments {
 public:
  Arguments();
  int count() const { return static_cast<int>(values_.size()); }
  char **values() { return values_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char *> values_; /* of the strings */
};

/* Splits a command line as the C library of Windows does. */
std::vector<std::wstring> SplitCommandLine(const wchar_t *line);

}  // namespace tenon

#endif
