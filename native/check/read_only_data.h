/* The constants in the file of a plugin: magic numbers, tables, and strings of any bytes. */
#ifndef TENON_CHECK_READ_ONLY_DATA_H
#define TENON_CHECK_READ_ONLY_DATA_H

#include <string>

namespace tenon::check {

/* Returns the contents of the read-only data sections of a file, at most 1 MiB. Empty for a file without
 * sections, and for one that is not an ELF file of this processor. */
std::string ReadOnlyData(const std::string &file);

}  // namespace tenon::check

#endif
