/* tenon_math.h - the kind `math`, version 1.0.0: arithmetic on small records.
 *
 * This is a minimal typed plugin interface. A host that defines the kind calls its methods with typed
 * arguments:
 *
 *     const math = defineKind({ name: 'math', version: '1.0.0',
 *                               methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) } });
 *     instance.as(math).min({ a: 1, b: 2 }).result; // 1
 *
 * LAYOUT. Arguments and results are C structs, little-endian, with the padding of a C compiler: the members
 * are in the order in which the kind lists them, each aligned to its own size.
 *
 * COMPATIBILITY. The number in the table's id ("math/1") is the major version. A method keeps its slot
 * forever. A new method is appended to the table and raises the minor version. Plugins of other kinds are not
 * affected. */
#ifndef TENON_MATH_H
#define TENON_MATH_H

#include "tenon.h"

#define TENON_MATH_ID   "math/1"     /* the id that a host passes to `get_extension` */
#define TENON_MATH_KIND "math/1.0.0" /* the entry in the descriptor's list of kinds */

/* The argument and the result of `min`. */
typedef struct math_min_in {
  int32_t a, b;
} math_min_in;
typedef struct math_min_out {
  int32_t result;
} math_min_out;

/* The method table. `min` returns the smaller of two integers: it takes a math_min_in and writes a
 * math_min_out. [one-at-a-time, !closed] */
TENON_KIND(math_1, tenon_method min;);

TENON_AT(math_min_in, a, 0);
TENON_AT(math_min_in, b, 4);
TENON_ASSERT(sizeof(math_min_in) == 8, "math_min_in changed size");
TENON_ASSERT(sizeof(math_min_out) == 4, "math_min_out changed size");
TENON_AT(math_1, min, 8);
TENON_ASSERT(sizeof(math_1) == 16, "math_1 changed size");

#endif /* TENON_MATH_H */
