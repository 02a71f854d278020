/* echo - the smallest plugin: the result is the input.
 *
 * Use it for a first try, or to measure the cost of a call when the plugin does nothing.
 *
 *     cc -std=c11 -shared -fPIC -fvisibility=hidden -Iinclude echo.c -o echo.so */
#include "tenon.h"

static tenon_status echo(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state; /* NULL: the plugin is stateless */
  return tenon_write(out, in, in_len);
}

/* Thread-safe, because without state two calls cannot affect each other. Deterministic, because the result
 * depends only on the input. */
TENON_PLUGIN_WITH("echo", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, echo, NULL);
