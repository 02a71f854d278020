/* The sanitizer runtime that this program was linked with. */
#ifndef TENON_CHECK_SANITIZER_H
#define TENON_CHECK_SANITIZER_H

#include <stddef.h>

namespace tenon::check {

/* Returns true with AddressSanitizer or ThreadSanitizer, which define the memory layout of the process. */
bool HasSanitizer();

/* Makes the runtime report memory that no pointer refers to, if it supports that. */
void LookForLeaks();

/* Returns true if the runtime compares each access of the plugin with the size of the heap block. Memory of a
 * scenario then has exactly the size that the plugin is given. */
bool HeapIsChecked();
/* Sets that the process runs under valgrind, which checks the heap too. */
void SetUnderValgrind();
bool IsUnderValgrind();
/* Makes each access of the plugin to the memory a report, until it is allowed again. `start` is aligned to 8
 * bytes. */
void ForbidAccess(void *start, size_t size);
void AllowAccess(void *start, size_t size);

}  // namespace tenon::check

#endif
