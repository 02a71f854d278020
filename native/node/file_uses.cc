#include "node/file_uses.h"

#include <map>
#include <mutex>

namespace tenon {

int64_t ChangeFileUses(const std::string &path, int64_t by) {
  /* Leaked on purpose: threads may outlive the static destructors. */
  static std::mutex &changing = *new std::mutex;
  static std::map<std::string, int64_t> &uses = *new std::map<std::string, int64_t>;
  std::lock_guard<std::mutex> lock(changing);
  const int64_t now = uses[path] += by;
  if (now <= 0) uses.erase(path);
  return now;
}

}  // namespace tenon
