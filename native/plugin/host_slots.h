/* Where the `tenon_host` structs live that plugins get.
 *
 * A plugin must join its threads before `drop` returns. One that does not may read its `host` pointer at any
 * later time, so the struct behind that pointer has to stay readable and callable for as long as the process
 * lives, and must never become the host of another instance. Hence addresses are handed out once and never
 * again. Memory is not: as soon as all structs of a page are retired, the page is replaced by a shared
 * read-only page of tombstones, whose `ctx` is NULL. A retired instance so costs 64 bytes of address space
 * and no memory.
 *
 * Where the system has no memfd, retired structs are reused, oldest first, and not before kReuseAfter others
 * were retired. Then a call through a pointer that is that old may reach a newer instance; it never touches
 * freed memory. */
#ifndef TENON_PLUGIN_HOST_SLOTS_H
#define TENON_PLUGIN_HOST_SLOTS_H

#include "tenon.h"

namespace tenon {

/* The functions that every struct points to. Set once, before the first acquire. */
void SetHostFunctions(const tenon_host &functions);

/* A struct at an address that no earlier instance had, with `ctx` set; NULL without memory. [any-thread] */
tenon_host *AcquireHost(void *ctx);

/* Ends the use of the struct: from now on its `ctx` reads as NULL. [any-thread] */
void RetireHost(tenon_host *host);

}  // namespace tenon

#endif
