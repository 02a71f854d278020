/* file.c - a sound plugin whose file has one oddity, selected by TRIP. The compiler's part is here, the
 * linker's part is in file.cmake. */
#include "tenon.h"

#define TRIP_LINKED        0 /* nothing: the fault is made at link time or later */
#define TRIP_EXPORTS       1 /* exports more than it should */
#define TRIP_CONSTRUCTOR   2 /* runs code when it is loaded */
#define TRIP_GLIBC         3 /* uses a function that glibc has since 2.25 */
#define TRIP_THREAD_LOCAL  4 /* has a thread-local variable (compiled with another model) */
#define TRIP_WRITABLE_CODE 5 /* has a section that is writable and executable */
#define TRIP_TEXT          6 /* has an address in its code */
#define TRIP_BORROWS       7 /* uses a function of another library */
#define TRIP_DESCRIPTOR    8 /* has a version that is not a version */
#define TRIP_HOST_SYMBOLS  9 /* uses a function of its own that Node.js has too */

#if TRIP == TRIP_EXPORTS
TENON_EXPORT int trip_helper(void);
int trip_helper(void) {
  return 1;
}
#elif TRIP == TRIP_CONSTRUCTOR
static volatile int ready;
__attribute__((constructor)) static void trip_set_up(void) {
  ready = 1;
}
#elif TRIP == TRIP_GLIBC
#include <sys/random.h>
#elif TRIP == TRIP_THREAD_LOCAL
static __thread volatile int calls;
#elif TRIP == TRIP_WRITABLE_CODE
__asm__(".pushsection .trip,\"awx\",%progbits\n.quad 0\n.popsection");
#elif TRIP == TRIP_TEXT
__asm__(".pushsection .text\n.balign 8\ntrip_here: .quad trip_here\n.popsection");
#elif TRIP == TRIP_BORROWS
int trip_lent(void);
#elif TRIP == TRIP_HOST_SYMBOLS
TENON_EXPORT const char *zlibVersion(void);
const char *zlibVersion(void) {
  return "none";
}
#endif

static tenon_status call(void *state, const uint8_t *in, size_t in_len, tenon_out *out) {
  (void)state;
#if TRIP == TRIP_GLIBC
  uint8_t byte;
  if (getrandom(&byte, 1, 0) < 0) return tenon_fail(out, TENON_FAILED, "no random numbers available");
#elif TRIP == TRIP_THREAD_LOCAL
  calls++;
#elif TRIP == TRIP_HOST_SYMBOLS
  if (zlibVersion()[0] != 'n') return tenon_fail(out, TENON_FAILED, "another zlib was found");
#elif TRIP == TRIP_BORROWS
  if (trip_lent() != 1) return tenon_fail(out, TENON_FAILED, "nothing was lent");
#endif
  return tenon_write(out, in, in_len);
}

#if TRIP == TRIP_DESCRIPTOR
TENON_STATELESS_PLUGIN(TRIP_NAME, "first", call);
#else
TENON_STATELESS_PLUGIN(TRIP_NAME, "1.0.0", call);
#endif
