/* echo - the smallest plugin: the result is the input.
 *
 * Good for a first try, and for measuring what a call costs when the plugin does nothing.
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Iinclude echo.c -o echo.so */
#include "tenon.h"

static tenon_status echo(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state; /* a stateless plugin: NULL */
  return tenon_write(out, in, in_len);
}

/* Without state two calls cannot disturb each other, so this plugin says that it is thread-safe;
 * and as the input alone decides about the result, that it is deterministic. */
TENON_PLUGIN_WITH("echo", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, echo, NULL);
