/* time-zone - takes the length of the input for hours since 1970, and answers with the day.
 *
 * MISTAKE  the plugin says that it is deterministic, but the day depends on the time zone of the machine.
 * FOUND BY calls/time-zone, in `day`. */
#include <stdio.h>
#include <time.h>

#include "tenon.h"

static tenon_status day(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in;
  time_t seconds = (time_t)in_len * 3600;
  struct tm when;
  if (localtime_r(&seconds, &when) == NULL) return tenon_fail(out, TENON_FAILED, "there is no such time");
  char text[32];
  size_t size = strftime(text, sizeof text, "%Y-%m-%d %H:%M", &when);
  return tenon_write(out, text, size);
}

TENON_PLUGIN_WITH("time-zone", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, day, NULL);
