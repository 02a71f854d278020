/* symbols.c - entry points that are not exported, or are not functions.
 * FAULT_WITHOUT_VERSION, _NAME, _PLUGIN leave one out; FAULT_VERSION_IS_DATA exports a string in place of the
 * function. */
#if defined(FAULT_VERSION_IS_DATA)
#define get_version declared_by_the_header /* whose prototype is that of a function */
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

/* So that a library without any entry point still exports something. */
TENON_EXPORT int fault_unrelated(void);
int fault_unrelated(void) {
  return 42;
}
