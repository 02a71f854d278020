/* Text of Windows, which has UTF-16. */
#ifndef TENON_PLUGIN_WIDE_TEXT_H
#define TENON_PLUGIN_WIDE_TEXT_H

#include <string>

namespace tenon {

/* Convert between UTF-8 and UTF-16. Invalid parts are replaced. */
std::wstring Widen(const std::string &text);
std::string Narrow(const std::wstring &text);

/* Formats an error of the system, for example "Access is denied. (error 5)". */
std::string SystemError(unsigned long code);

/* Returns the path of a loaded module (an HMODULE), or "" if it has none. */
std::string ModulePath(void *module);

}  // namespace tenon

#endif
