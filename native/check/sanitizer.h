/* The runtime of a sanitizer that this program was linked with. */
#ifndef TENON_CHECK_SANITIZER_H
#define TENON_CHECK_SANITIZER_H

namespace tenon::check {

/* AddressSanitizer or ThreadSanitizer, which lay the memory of the process out. */
bool HasSanitizer();

/* Has memory reported that nothing points to any more, where the runtime can. */
void LookForLeaks();

}  // namespace tenon::check

#endif
