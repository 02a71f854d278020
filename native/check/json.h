/* Text of the report: JSON in ASCII. */
#ifndef TENON_CHECK_JSON_H
#define TENON_CHECK_JSON_H

#include <stdint.h>

#include <string>

namespace tenon::check {

/* Returns the bytes as a JSON string in ASCII. UTF-8 becomes its characters; any other byte becomes the
 * character with its value. */
std::string Json(const std::string &bytes);
/* Returns an address as a JSON string with a hexadecimal number. */
std::string JsonAddress(uintptr_t address);
/* Returns the bytes in Base64, without quotes. */
std::string Base64(const std::string &bytes);

}  // namespace tenon::check

#endif
