/* openssl - an authentication code, HMAC with SHA-256.
 *
 * INPUT   any bytes.
 * RESULT  32 bytes.
 * CONFIG  the key, as bytes. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "tenon.h"

typedef struct key {
  size_t size;
  uint8_t bytes[64];
} key;

static tenon_status key_new(const tenon_host *host, const uint8_t *config, size_t config_len, void **state,
                            tenon_out *error) {
  (void)host;
  if (config_len > sizeof((key *)0)->bytes)
    return tenon_fail(error, TENON_INVALID, "the key has over 64 bytes");
  key *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for the key");
  self->size = config_len;
  if (config_len != 0) memcpy(self->bytes, config, config_len);
  *state = self;
  return TENON_OK;
}

static void key_drop(void *state) {
  OPENSSL_cleanse(state, sizeof(key));
  free(state);
}

static tenon_status sign(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  const key *self = state;
  uint8_t code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), self->bytes, (int)self->size, in, in_len, code, &size) == NULL)
    return tenon_fail(out, TENON_FAILED, "OpenSSL cannot compute the code");
  return tenon_write(out, code, size);
}

TENON_PLUGIN_WITH("corpus-openssl", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, key_new, key_drop,
                  sign, NULL);
