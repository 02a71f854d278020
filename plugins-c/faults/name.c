/* name.c - faults in the result or the behaviour of `get_name`. `get_plugin` traps. */
#include "hostile.h"

#define NAME_TEXT         1 /* FAULT_TEXT */
#define NAME_NULL         2
#define NAME_INTEGER      3 /* the classic: `int get_name(void)`, whose 42 a host takes for an address */
#define NAME_GARBAGE      4
#define NAME_FORBIDDEN    5
#define NAME_UNTERMINATED 6
#define NAME_ENDS         7 /* FAULT_END */

const char *get_version(void) {
  return TENON_ABI_VERSION;
}

const char *get_name(void) {
#if FAULT_GET_NAME == NAME_TEXT
  return FAULT_TEXT;
#elif FAULT_GET_NAME == NAME_NULL
  return NULL;
#elif FAULT_GET_NAME == NAME_INTEGER
  return (const char *)(uintptr_t)42;
#elif FAULT_GET_NAME == NAME_GARBAGE
  return FAULT_GARBAGE;
#elif FAULT_GET_NAME == NAME_FORBIDDEN
  return fault_forbidden_page();
#elif FAULT_GET_NAME == NAME_UNTERMINATED
  return fault_unterminated(16);
#else
  fault_end();
  return FAULT_NAME;
#endif
}

const tenon_plugin *get_plugin(void) {
  __builtin_trap();
}
