/* lazy-race - a CRC with a table that the first instance computes.
 *
 * MISTAKE  the flag is set before the table is complete, so another thread uses half a table.
 * FOUND BY threads/concurrent-first, in `fill_table`. */
#include "tenon.h"

static int ready;
static uint32_t table[65536];

static void fill_table(void) {
  if (ready) return;
  ready = 1;
  for (uint32_t i = 0; i < 65536; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 16; bit++) value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
    table[i] = value;
  }
}

static tenon_status crc_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                            tenon_out *error) {
  (void)host, (void)config, (void)config_len, (void)error;
  fill_table();
  *state = NULL;
  return TENON_OK;
}

static tenon_status crc(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  uint32_t value = ~0u;
  for (size_t i = 0; i < in_len; i++) value = value >> 8 ^ table[(value ^ in[i] * 257u) & 0xFFFF];
  return tenon_write(out, &value, sizeof value);
}

TENON_PLUGIN_WITH("lazy-race", "1.0.0", "", TENON_DETERMINISTIC, crc_new, tenon_drop_nothing, crc, NULL);
