/* Reading of files without exceptions. */
#ifndef TENON_CHECK_READ_FILE_H
#define TENON_CHECK_READ_FILE_H

#include <string>

namespace tenon::check {

/* Reads the whole file. Returns false if it cannot be opened or read: the files of a process in /proc fail while
 * the process ends, and a folder fails too. Sets errno. */
bool ReadFile(const std::string &path, std::string *bytes);

}  // namespace tenon::check

#endif
