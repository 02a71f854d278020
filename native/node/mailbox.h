/* The mailboxes of the process: a table that only grows, to the number of instances that were open at the
 * same time. */
#ifndef TENON_NODE_MAILBOX_H
#define TENON_NODE_MAILBOX_H

#include "node/events.h"

namespace tenon {

/* A closed mailbox, of a generation that no `ctx` names yet; NULL if memory or the table ran out.
 * [any-thread] */
Mailbox *AcquireMailbox();
/* Call with the mailbox closed and empty. Starts its next generation. [any-thread] */
void ReleaseMailbox(Mailbox *mailbox);
/* The mailbox that `ctx` names, whatever its generation; compare the ids under its mutex. NULL for garbage.
 * [any-thread] */
Mailbox *FindMailbox(uint64_t id);

/* Puts a message in, or tells why not. [any-thread] */
tenon_status PostEvent(Mailbox *mailbox, uint64_t id, const uint8_t *data, size_t length);
void PostLog(Mailbox *mailbox, uint64_t id, int32_t level, const char *message, size_t length);
/* From here on events are refused with TENON_CLOSED. [any-thread, while the mailbox is open] */
void RefuseEvents(Mailbox *mailbox);
/* Takes the oldest entry; `more` tells whether others wait. NULL if there is none. */
Entry *TakeEntry(Mailbox *mailbox, bool *more);
/* Empties the mailbox into `logs`, in order; events are discarded. Call with the mailbox locked. */
void TakeLogs(Mailbox *mailbox, EntryList *logs);

}  // namespace tenon

#endif
