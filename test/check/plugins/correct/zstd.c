/* zstd - compresses with a context that the instance keeps, directly into the output. */
#include <zstd.h>

#include "tenon.h"

static tenon_status packer_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                               tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  *state = ZSTD_createCCtx();
  return *state != NULL ? TENON_OK : tenon_fail(error, TENON_NO_MEMORY, "no memory for the compressor");
}

static void packer_drop(void *state) {
  ZSTD_freeCCtx(state);
}

static tenon_status pack(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  size_t bound = ZSTD_compressBound(in_len);
  if (out->capacity - out->len < bound) {
    tenon_status status = out->reserve(out, bound);
    if (status != TENON_OK) return status;
  }
  size_t size = ZSTD_compressCCtx(state, out->data + out->len, out->capacity - out->len, in, in_len, 3);
  if (ZSTD_isError(size)) return tenon_fail(out, TENON_FAILED, ZSTD_getErrorName(size));
  out->len += size;
  return TENON_OK;
}

TENON_PLUGIN_WITH("corpus-zstd", "1.0.0", "", TENON_DETERMINISTIC, packer_new, packer_drop, pack, NULL);
