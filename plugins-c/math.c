/* math - a typed plugin: the minimum of two integers, through the kind of math.kind.h.
 *
 * The ABI only knows bytes in and bytes out. A kind defines what the bytes are: here two structs, so neither
 * side has to parse anything. `something` is not supported, because this plugin has only typed methods. */
#include "math.kind.h"

MATH_1_FACTS;

static tenon_status math_min(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
  math_min_in arguments;
  tenon_status status = math_min_read(in, in_len, &arguments, out);
  if (status != TENON_OK) return status;
  math_min_out found = {arguments.a < arguments.b ? arguments.a : arguments.b};
  return math_min_write(out, &found);
}

static tenon_status math_something(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state, (void)in, (void)in_len;
  return tenon_fail(out, TENON_UNSUPPORTED, "math has only the methods of its kind " MATH_1_KIND);
}

/* The id that the host passes contains the major version, so a plugin can offer several majors of a kind. */
static const void *math_extension(const char *id) {
  static const math_1 table = {TENON_KIND_HEADER(math_1), math_min};
  return strcmp(id, MATH_1_ID) == 0 ? &table : NULL;
}

TENON_PLUGIN_WITH("math", "1.0.0", MATH_1_KIND, TENON_THREAD_SAFE | TENON_DETERMINISTIC, tenon_new_nothing,
                  tenon_drop_nothing, math_something, math_extension);
