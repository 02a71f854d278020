/* The number of users of each file in all threads of the process. */
#ifndef TENON_NODE_FILE_USES_H
#define TENON_NODE_FILE_USES_H

#include <stdint.h>

#include <string>

namespace tenon {

/* Changes the number of users of the file, and returns the new number. The users of a thread that ends without a
 * word still count. [any-thread] */
int64_t ChangeFileUses(const std::string &path, int64_t by);

}  // namespace tenon

#endif
