#include "node/file_lock.h"

#if !defined(_WIN32)
#include <errno.h>
#include <sys/file.h>
#endif

namespace tenon {

int LockFile(int descriptor, bool exclusive) {
#if defined(_WIN32)
  (void)descriptor, (void)exclusive;
  return -1;
#else
  if (flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return 1;
  return errno == EWOULDBLOCK ? 0 : -1;
#endif
}

}  // namespace tenon
