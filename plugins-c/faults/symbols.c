/* symbols.c - entry points that are not exported, or are not functions.
 *
 * FAULT_WITHOUT_VERSION, _NAME and _PLUGIN omit one. FAULT_VERSION_IS_DATA exports a string instead of the
 * function. */
#if defined(FAULT_VERSION_IS_DATA)
#define get_version declared_by_the_header /* declared as a function in the header */
#include "hostile.h"
#undef get_version
TENON_EXPORT const char get_version[] = TENON_ABI_VERSION;
#else
#include "hostile.h"
#if !defined(FAULT_WITHOUT_VERSION)
const char *get_version(void) {
  return TENON_ABI_VERSION;
}
#endif
#endif

#if !defined(FAULT_WITHOUT_NAME)
const char *get_name(void) {
  return FAULT_NAME;
}
#endif

#if !defined(FAULT_WITHOUT_PLUGIN)
const tenon_plugin *get_plugin(void) {
  return NULL;
}
#endif

/* Something to export for a library without any entry point. */
TENON_EXPORT int fault_unrelated(void);
int fault_unrelated(void) {
  return 42;
}
