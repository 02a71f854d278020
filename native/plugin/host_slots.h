/* The memory of the `tenon_host` structs that plugins receive.
 *
 * A plugin must join its threads before `drop` returns. A plugin that does not may read its `host` pointer at
 * any later time. So the struct behind that pointer must stay readable and callable for as long as the
 * process lives, and it must never become the host of another instance. Hence each address is handed out only
 * once. The memory is reclaimed: when all structs of a page are retired, the page is replaced by a shared
 * read-only page of tombstones, whose `ctx` is NULL. A retired instance costs 64 bytes of address space and
 * no memory.
 *
 * On systems without memfd, retired structs are reused, oldest first, and only after kReuseAfter others were
 * retired. There a call through such an old pointer may reach a newer instance, but it never touches freed
 * memory. */
#ifndef TENON_PLUGIN_HOST_SLOTS_H
#define TENON_PLUGIN_HOST_SLOTS_H

#include "tenon.h"

namespace tenon {

/* Sets the functions that every struct points to. Called once, before the first AcquireHost. */
void SetHostFunctions(const tenon_host &functions);

/* Returns a struct with `ctx` set, at an address that no earlier instance had, or NULL if memory is
 * exhausted. [any-thread] */
tenon_host *AcquireHost(void *ctx);

/* Ends the use of the struct: from now on its `ctx` reads as NULL. [any-thread] */
void RetireHost(tenon_host *host);

}  // namespace tenon

#endif
