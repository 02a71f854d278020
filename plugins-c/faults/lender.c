/* lender.c - not a plugin but a library that other libraries need. It has the entry point that
 * `borrowed-version` lacks, and the function that `missing-dependency` needs from a library that is not
 * shipped. */
#include "hostile.h"

const char *get_version(void) {
  return TENON_ABI_VERSION;
}

TENON_EXPORT int fault_lent(void);
int fault_lent(void) {
  return 42;
}
