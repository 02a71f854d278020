#include "check/read_file.h"

#include <fstream>

namespace tenon::check {

bool ReadFile(const std::string &path, std::string *bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes->clear();
  /* read() sets badbit on an error. An iterator over the buffer would throw instead. */
  char part[65536];
  while (file.read(part, sizeof(part)) || file.gcount() > 0) {
    bytes->append(part, static_cast<size_t>(file.gcount()));
  }
  return file.eof() && !file.bad();
}

}  // namespace tenon::check
