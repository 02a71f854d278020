/* tenon_math.h - the kind `math`, version 1.0.0: arithmetic on small records.
 *
 * The simplest typed plugin there is. A host that knows this kind calls its methods with typed arguments:
 *
 *     const math = defineKind({ name: 'math', version: '1.0.0',
 *                               methods: { min: method({ a: 'i32', b: 'i32' }, { result: 'i32' }) } });
 *     instance.as(math).min({ a: 1, b: 2 }).result; // 1
 *
 * LAYOUT. Arguments and results are C structs, little-endian, with the padding that a C compiler gives them:
 * the members in the order in which the kind names them, each at a multiple of its own size.
 *
 * COMPATIBILITY. The number of the table's id ("math/1") is the major version. Methods keep their place for
 * ever; a new one is appended to the table and raises the minor. A plugin of another kind does not notice. */
#ifndef TENON_MATH_H
#define TENON_MATH_H

#include "tenon.h"

#define TENON_MATH_ID   "math/1"     /* what `get_extension` is asked for */
#define TENON_MATH_KIND "math/1.0.0" /* what the descriptor lists */

typedef struct math_min_in {
  int32_t a, b;
} math_min_in;
typedef struct math_min_out {
  int32_t result;
} math_min_out;

/* The table. `min`: the smaller of two integers; takes math_min_in, gives math_min_out. [one-at-a-time,
 * !closed] */
TENON_KIND(math_1, tenon_method min;);

TENON_AT(math_min_in, a, 0);
TENON_AT(math_min_in, b, 4);
TENON_ASSERT(sizeof(math_min_in) == 8, "math_min_in changed size");
TENON_ASSERT(sizeof(math_min_out) == 4, "math_min_out changed size");
TENON_AT(math_1, min, 8);
TENON_ASSERT(sizeof(math_1) == 16, "math_1 changed size");

#endif /* TENON_MATH_H */
