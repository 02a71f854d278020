/* The sanitizer runtime that this program was linked with. */
#ifndef TENON_CHECK_SANITIZER_H
#define TENON_CHECK_SANITIZER_H

namespace tenon::check {

/* Returns true with AddressSanitizer or ThreadSanitizer, which define the memory layout of the process. */
bool HasSanitizer();

/* Makes the runtime report memory that no pointer refers to, if it supports that. */
void LookForLeaks();

}  // namespace tenon::check

#endif
