/* localtime - takes the sum of all bytes for a time, and answers with its date and time.
 *
 * MISTAKE  localtime returns a pointer to a structure that all threads share.
 * FOUND BY threads/concurrent-instances, in `date`. */
#include <stdio.h>
#include <time.h>

#include "tenon.h"

static tenon_status date(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  time_t seconds = 0;
  for (size_t i = 0; i < in_len; i++) seconds += (time_t)in[i] * 86400;
  const struct tm *when = localtime(&seconds);
  if (when == NULL) return tenon_fail(out, TENON_FAILED, "there is no such time");
  char text[64];
  int size = snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", when->tm_year + 1900, when->tm_mon + 1,
                      when->tm_mday, when->tm_hour, when->tm_min);
  return tenon_write(out, text, (size_t)size);
}

TENON_PLUGIN("localtime", "1.0.0", tenon_new_nothing, tenon_drop_nothing, date);
