/* pcre2 - counts the words of an input with a regular expression. With -DJIT the expression is compiled to
 * machine code.
 *
 * RESULT  an unsigned 32-bit little-endian integer. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "tenon.h"

#ifdef JIT
#define NAME "corpus-pcre2-jit"
#else
#define NAME "corpus-pcre2"
#endif

typedef struct matcher {
  pcre2_code *code;
  pcre2_match_data *data;
} matcher;

static void matcher_drop(void *state) {
  matcher *self = state;
  pcre2_match_data_free(self->data);
  pcre2_code_free(self->code);
  free(self);
}

static tenon_status matcher_new(const tenon_host *host, const uint8_t *config, size_t config_len,
                                void **state, tenon_out *error) {
  (void)host, (void)config, (void)config_len;
  matcher *self = calloc(1, sizeof *self);
  if (self == NULL) return tenon_fail(error, TENON_NO_MEMORY, "no memory for an instance");
  int code = 0;
  PCRE2_SIZE offset = 0;
  self->code = pcre2_compile((PCRE2_SPTR) "\\b(\\w+)\\b", PCRE2_ZERO_TERMINATED, 0, &code, &offset, NULL);
  if (self->code != NULL) self->data = pcre2_match_data_create_from_pattern(self->code, NULL);
#ifdef JIT
  if (self->code != NULL) (void)pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE);
#endif
  if (self->data == NULL) {
    matcher_drop(self);
    return tenon_fail(error, TENON_NO_MEMORY, "no memory for the expression");
  }
  *state = self;
  return TENON_OK;
}

static tenon_status count(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  matcher *self = state;
  uint32_t words = 0;
  const uint8_t *from = in_len == 0 ? (const uint8_t *)"" : in;
  for (PCRE2_SIZE at = 0; pcre2_match(self->code, from, in_len, at, 0, self->data, NULL) > 0; words++)
    at = pcre2_get_ovector_pointer(self->data)[1];
  return tenon_write(out, &words, sizeof words);
}

TENON_PLUGIN_WITH(NAME, "1.0.0", "", TENON_DETERMINISTIC, matcher_new, matcher_drop, count, NULL);
