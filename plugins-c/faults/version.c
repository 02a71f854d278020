/* version.c - faults in the result or the behaviour of `get_version`. `get_name` and `get_plugin` trap, so a
 * host that touches either before it has accepted the version crashes. It has no descriptor, so only this
 * result can be at fault. */
#include "hostile.h"

#define VERSION_TEXT         1 /* FAULT_TEXT */
#define VERSION_NULL         2
#define VERSION_ONE          3 /* an invalid address */
#define VERSION_IN_NOTHING   4
#define VERSION_FORBIDDEN    5
#define VERSION_UNTERMINATED 6
#define VERSION_ENDLESS      7 /* a mebibyte of digits, properly terminated */
#define VERSION_ENDS         8 /* FAULT_END */

const char *get_version(void) {
#if FAULT_VERSION == VERSION_TEXT
  return FAULT_TEXT;
#elif FAULT_VERSION == VERSION_NULL
  return NULL;
#elif FAULT_VERSION == VERSION_ONE
  return (const char *)(uintptr_t)1;
#elif FAULT_VERSION == VERSION_IN_NOTHING
  return FAULT_UNMAPPED;
#elif FAULT_VERSION == VERSION_FORBIDDEN
  return fault_forbidden_page();
#elif FAULT_VERSION == VERSION_UNTERMINATED
  return fault_unterminated(32); /* shorter than any bound on a version, so that the mapping ends first */
#elif FAULT_VERSION == VERSION_ENDLESS
  static char digits[1024 * 1024 + 1];
  return memset(digits, '1', sizeof digits - 1);
#else
  fault_end();
  return TENON_ABI_VERSION;
#endif
}

const char *get_name(void) {
  __builtin_trap();
}
const tenon_plugin *get_plugin(void) {
  __builtin_trap();
}
