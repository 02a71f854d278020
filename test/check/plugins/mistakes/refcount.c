/* refcount - shares one table of letters between all instances. The last drop frees it.
 *
 * MISTAKE  the count of references is not guarded by a lock.
 * FOUND BY threads/concurrent-new, in `acquire` or `release`. */
#include <stdlib.h>

#include "tenon.h"

static unsigned references;
static uint8_t *table;

static int acquire(void) {
  if (references == 0) {
    table = malloc(256);
    if (table == NULL) return 0;
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)(i >= 'a' && i <= 'z' ? i - 'a' + 'A' : i);
  }
  references++;
  return 1;
}

static void release(void) {
  if (--references != 0) return;
  free(table);
  table = NULL;
}

static tenon_status upper_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                              tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = NULL;
  return acquire() ? TENON_OK : tenon_fail(error, TENON_NO_MEMORY, "no memory for the table");
}

static void upper_drop(void *state) {
  (void)state;
  release();
}

static tenon_status upper(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  tenon_status status = TENON_OK;
  for (size_t i = 0; i < in_len && status == TENON_OK; i++) status = tenon_write(out, &table[in[i]], 1);
  return status;
}

TENON_PLUGIN_WITH("refcount", "1.0.0", "", TENON_DETERMINISTIC, upper_new, upper_drop, upper, NULL);
