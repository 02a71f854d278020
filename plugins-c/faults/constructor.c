/* constructor.c - misbehaves while the loader runs its constructors, before a host can call anything. */
#include "hostile.h"

__attribute__((constructor)) static void construct(void) {
#if defined(FAULT_ON_SECOND_LOAD)
  /* Behaves in the first process that loads it, which is the probe, and aborts in every later one. No earlier
   * check can foresee that. The count is the size of a file, because nothing else survives a process. */
  const char *counter = getenv("TENON_FAULT_COUNTER");
  FILE *file = counter == NULL ? NULL : fopen(counter, "a");
  if (file == NULL) return;
  long loads = (fseek(file, 0, SEEK_END), ftell(file));
  fputc('x', file);
  fclose(file);
  if (loads > 0) abort();
#else
  fault_end();
#endif
}

TENON_STATELESS_PLUGIN(FAULT_NAME, "1.0.0", fault_echo);
