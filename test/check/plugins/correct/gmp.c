/* gmp - reads bytes as one large number, and squares it modulo 2^521 - 1.
 *
 * INPUT   any bytes, at most 64 KiB.
 * RESULT  the number in decimal digits. */
#include <gmp.h>
#include <stdlib.h>

#include "tenon.h"

static tenon_status square(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  if (in_len > 65536) return tenon_fail(out, TENON_INVALID, "the input is larger than 64 KiB");
  mpz_t number, modulus;
  mpz_init(number);
  mpz_init(modulus);
  mpz_ui_pow_ui(modulus, 2, 521);
  mpz_sub_ui(modulus, modulus, 1);
  mpz_import(number, in_len, 1, 1, 1, 0, in);
  mpz_powm_ui(number, number, 2, modulus);
  char digits[200]; /* 2^521 has 157 digits */
  mpz_get_str(digits, 10, number);
  mpz_clear(modulus);
  mpz_clear(number);
  return tenon_write(out, digits, strlen(digits));
}

TENON_PLUGIN_WITH("corpus-gmp", "1.0.0", "", TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, square, NULL);
