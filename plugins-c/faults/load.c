/* load.c - a sound plugin that the loader must refuse, because it calls a function that it does not have.
 * Linked against a library that is not shipped, it is `missing-dependency`. Linked against nothing, it is
 * `undefined-symbol`. */
#include "hostile.h"

extern int fault_lent(void);

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  return fault_lent() == 42 ? fault_echo(state, in, in_len, out) : TENON_FAILED;
}

TENON_STATELESS_PLUGIN(FAULT_NAME, "1.0.0", call);
