/* lent.c - a library with one function, for plugins that need another library. */
#include "tenon.h"

TENON_EXPORT int trip_lent(void);
int trip_lent(void) {
  return 1;
}
