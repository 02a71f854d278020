#include "check/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace tenon::check {

bool ReadFile(const std::string &path, std::string *bytes) {
  bytes->clear();
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char part[65536];
  ssize_t count;
  while ((count = read(file, part, sizeof(part))) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) bytes->append(part, static_cast<size_t>(count));
  }
  const int error = errno;
  close(file);
  errno = error;
  return count == 0;
}

}  // namespace tenon::check
