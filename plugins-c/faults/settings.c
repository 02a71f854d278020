/* settings.c - a plugin that works, but changes what belongs to its host, as FAULT_SETTINGS says. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tenon.h"

#define SETTINGS_FLOAT_MODE 1 /* turns subnormal numbers to zero when it is loaded, as with -ffast-math */
#define SETTINGS_HANDLERS   2 /* replaces signal handlers in new */
#define SETTINGS_SYMBOLS    3 /* has a function with the name of one in Node.js */

#if FAULT_SETTINGS == SETTINGS_FLOAT_MODE
#include "float_mode.h"

__attribute__((constructor)) static void construct(void) {
  flush_to_zero();
}
#elif FAULT_SETTINGS == SETTINGS_SYMBOLS
TENON_EXPORT const char *zlibVersion(void);
const char *zlibVersion(void) {
  return "its own";
}
#else
static void on_signal(int signal) {
  (void)signal;
}
#endif

static tenon_status make(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                         tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  *state = NULL;
#if FAULT_SETTINGS == SETTINGS_HANDLERS
  signal(SIGUSR2, on_signal);
#endif
  return TENON_OK;
}

static void drop(void *state) {
  (void)state;
}

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
#if FAULT_SETTINGS == SETTINGS_FLOAT_MODE
  volatile double smallest = 5e-324, one = 1;
  if (smallest * one == 0) abort();
#elif FAULT_SETTINGS == SETTINGS_SYMBOLS
  if (strcmp(zlibVersion(), "its own") != 0) abort();
#endif
  return tenon_write(out, in, in_len);
}

TENON_PLUGIN(FAULT_NAME, "1.0.0", make, drop, call);
